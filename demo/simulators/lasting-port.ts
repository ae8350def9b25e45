import { createServer } from 'node:net';

/** Below what Linux and macOS hand out by themselves (net.ipv4.ip_local_port_range begins at 32768, macOS at 49152). */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/**
 * A free port on 127.0.0.1 that stays free while its server is away: nobody who asks for "any port" is given it. For
 * servers that end and come back on the same port.
 */
export async function lastingPort(): Promise<number> {
  const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
  return (await isFree(port)) ? port : lastingPort();
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
