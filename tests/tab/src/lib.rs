//! The same scripted servers are played to a browser's `EventSource` and to `gloria tail --raw`: whatever the tab got,
//! we got. All of it is in the tests.
