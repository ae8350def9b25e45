import manifest from '#manifest' with { type: 'json' };

/** The agent's version: that of the bundle it was built from. */
export const AGENT_VERSION: string = manifest.version;
