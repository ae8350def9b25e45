/** A refusal of the sync service: what it answers with. */
export class SyncError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The request cannot be served as it stands. */
export const invalidRequest = (message: string): SyncError => new SyncError(400, message);

/** The store or a check failed. */
export const internalError = (message: string): SyncError => new SyncError(500, message);

/** A step of the service-to-service protocol that comes too late or twice. */
export const ignored = (message: string): SyncError => new SyncError(409, message);
