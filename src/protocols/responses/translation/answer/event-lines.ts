/** Writes the events of a response's stream: each with its name, and its number. */

export class EventLines {
  #next = 0;

  /** @param members of the event's object beside its type and number, in JSON, without the braces */
  write(type: string, members: string): string {
    return `event: ${type}\ndata: {"type":"${type}",${members},"sequence_number":${this.#next++}}\n\n`;
  }
}
