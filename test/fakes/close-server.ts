import type { Server } from 'node:http';

/** Ends a server at once, its open streams included. */
export function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}
