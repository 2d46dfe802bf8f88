import { rememberedView, rememberView, type ViewPreferences } from '../lib/view';

/** The preferences of this window. */
class View {
  #view = $state.raw(rememberedView(localStorage));

  get textSize(): number {
    return this.#view.textSize;
  }

  get singleKeys(): boolean {
    return this.#view.singleKeys;
  }

  set(change: Partial<ViewPreferences>): void {
    this.#view = { ...this.#view, ...change };
    rememberView(localStorage, this.#view);
  }
}

export const view = new View();
