/** Why the journal cannot be written at the moment, told once for each change. */

export class WriteFailures {
  readonly #onChange: (failure: unknown) => void;
  /** Of the last write and of the last sync; null where they went well. */
  write: unknown = null;
  sync: unknown = null;
  #isTold = false;

  constructor(onChange: (failure: unknown) => void) {
    this.#onChange = onChange;
  }

  get current(): unknown {
    return this.write ?? this.sync;
  }

  get any(): boolean {
    return this.write !== null || this.sync !== null;
  }

  /** For people; null where all is well. */
  get text(): string | null {
    if (!this.any) return null;
    const { current } = this;
    return `The journal cannot be written: ${current instanceof Error ? current.message : String(current)}.`;
  }

  tell(): void {
    if (this.any === this.#isTold) return;
    this.#isTold = this.any;
    this.#onChange(this.current);
  }
}
