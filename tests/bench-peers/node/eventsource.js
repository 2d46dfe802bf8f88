// npm's eventsource: the address and the number of events as arguments, the token in the environment.
import { EventSource } from "eventsource";

const [url, wanted] = process.argv.slice(2);
const authorization = `Bearer ${process.env.GLORIA_TOKEN}`;
let events = 0;
let bytes = 0;
const source = new EventSource(url, {
  fetch: (input, init) => fetch(input, { ...init, headers: { ...init.headers, authorization } }),
});
source.addEventListener("notification.created", (event) => {
  events += 1;
  bytes += event.data.length;
  if (events === Number(wanted)) {
    source.close();
    console.log(JSON.stringify({ events, bytes }));
  }
});
source.addEventListener("error", (event) => {
  if (events < Number(wanted)) {
    console.error(event.message);
    process.exit(1);
  }
});
