// The stream of snapshots, read by fetch: EventSource does not say that a session is over.

const silence = 6000; // a snapshot comes every second
const pause = 1000;

/** Reads until the returned function is called. Calls back for each snapshot, a lost connection, and a session that is over. */
export function watch({ snapshot, lost, refused }) {
  let stopped = false;
  let abort = new AbortController();
  run();
  return () => { stopped = true; abort.abort(); };

  async function run() {
    while (!stopped) {
      try {
        await read();
      } catch {
        // Retried, whatever the reason is.
      }
      if (!stopped) {
        lost();
        await new Promise(resolve => setTimeout(resolve, pause));
      }
    }
  }

  async function read() {
    abort = new AbortController();
    let watchdog = setTimeout(() => abort.abort(), silence);
    try {
      const response = await fetch('/dashboard/events', { signal: abort.signal });
      if (response.status === 401) {
        stopped = true;
        refused();
        return;
      }
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ''; response.ok;) {
        const { value, done } = await reader.read();
        if (done) {
          return;
        }
        text += value;
        const events = text.split('\n\n');
        text = events.pop();
        if (events.length > 0) {
          clearTimeout(watchdog);
          watchdog = setTimeout(() => abort.abort(), silence);
          // Only the newest snapshot is drawn.
          snapshot(JSON.parse(events.at(-1).slice('data: '.length)));
        }
      }
    } finally {
      clearTimeout(watchdog);
    }
  }
}
