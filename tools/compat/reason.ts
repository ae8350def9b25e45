/** What kind of thing prevents an agreement. */
export type ReasonKind = 'arch' | 'version' | 'privilege' | 'property' | 'constraint' | 'input' | 'secret' | 'service';

/** The side whose text has to change, or whose text says it; `path` leads to the place inside that body. */
export interface ReasonPlace {
  readonly side: 'deployment' | 'service' | 'node';
  /** `org/id`, for the service side. */
  readonly service?: string;
  readonly path: readonly (string | number)[];
}

export interface Reason {
  readonly which: ReasonKind;
  readonly text: string;
  readonly fix: string;
  readonly where: ReasonPlace;
}
