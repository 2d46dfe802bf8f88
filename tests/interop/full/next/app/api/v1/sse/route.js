// A route handler of Next.js, whose answer is a ReadableStream.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

// Otherwise it may be run once, when the app is built.
export const dynamic = 'force-dynamic';

let backend;

// Not bundled: there is one backend, whatever Next.js makes of its modules.
async function common() {
  const file = pathToFileURL(join(process.cwd(), '../../servers/common.mjs'));
  backend ??= import(/* turbopackIgnore: true */ file.href).then((loaded) => {
    // `next start` waits for open streams when it is asked to stop.
    process.once('SIGTERM', loaded.endStreams);
    return loaded;
  });
  return backend;
}

export async function GET(request) {
  const { allowed, follow, frame } = await common();
  if (!allowed(request.headers.get('authorization'), request.nextUrl.searchParams.get('token'))) {
    return new Response(null, { status: 401 });
  }
  const encoder = new TextEncoder();
  let unfollow;
  const body = new ReadableStream({
    start(controller) {
      const write = (text) => controller.enqueue(encoder.encode(text));
      unfollow = follow(request.headers.get('last-event-id'), {
        send: (event) => write(frame(event)),
        beat: () => write(':\n\n'),
        end() {
          unfollow();
          controller.close();
        },
      });
    },
    cancel() {
      unfollow();
    },
  });
  return new Response(body, {
    headers: {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      // Else it compresses the stream, and holds events back.
      'Content-Encoding': 'none',
    },
  });
}
