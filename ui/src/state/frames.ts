// A hidden or covered window gets no frames, and its state must stay true all the same. Four times a second is
// more than anybody sees there, and no more than the web view lets a hidden page's timers run.
const UNSEEN_MS = 250;

/** Calls back before the next frame is painted, or soon if no frames are painted. */
export function nextFrame(apply: () => void): void {
  const once = (): void => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
    apply();
  };
  const frame = requestAnimationFrame(once);
  const timer = setTimeout(once, UNSEEN_MS);
}
