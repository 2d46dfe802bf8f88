import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { nextFrame } from '../../src/state/frames';

let frames: Map<number, FrameRequestCallback>;

beforeEach(() => {
  vi.useFakeTimers();
  frames = new Map();
  vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => {
    frames.set(frames.size + 1, callback);
    return frames.size;
  });
  vi.stubGlobal('cancelAnimationFrame', (id: number) => frames.delete(id));
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test('a window on screen is called back with its frame, once', () => {
  const apply = vi.fn();
  nextFrame(apply);
  expect(apply).not.toHaveBeenCalled();
  frames.get(1)?.(0);
  expect(apply).toHaveBeenCalledTimes(1);
  vi.runAllTimers();
  expect(apply).toHaveBeenCalledTimes(1);
});

test('a window that gets no frames is called back soon, once', () => {
  const apply = vi.fn();
  nextFrame(apply);
  const late = frames.get(1);
  vi.advanceTimersByTime(250);
  expect(apply).toHaveBeenCalledTimes(1);
  expect(late).toBeDefined();
  expect(frames.size, 'the frame is taken back').toBe(0);
});
