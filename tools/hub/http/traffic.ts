/** What went over the wire: printed at the end of a publish, and measured by the benchmark. */
export class Traffic {
  #reads = 0;
  #writes = 0;
  #retries = 0;
  #bytesSent = 0;
  #bytesReceived = 0;
  #inFlight = 0;
  #peak = 0;

  /** A request starts; each attempt counts. */
  started(method: string, bytes: number, attempt: number): void {
    if (method === 'GET') this.#reads += 1;
    else this.#writes += 1;
    if (attempt > 0) this.#retries += 1;
    this.#bytesSent += bytes;
    this.#inFlight += 1;
    this.#peak = Math.max(this.#peak, this.#inFlight);
  }

  ended(bytes: number): void {
    this.#inFlight -= 1;
    this.#bytesReceived += bytes;
  }

  get requests(): { readonly reads: number; readonly writes: number } {
    return { reads: this.#reads, writes: this.#writes };
  }

  get retries(): number {
    return this.#retries;
  }

  get bytes(): { readonly sent: number; readonly received: number } {
    return { sent: this.#bytesSent, received: this.#bytesReceived };
  }

  /** The most requests that were under way at once. */
  get peakInFlight(): number {
    return this.#peak;
  }
}
