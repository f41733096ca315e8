/** SHA-256 in lower-case hex. Pure in effect, a port because `core` may not import `node:crypto`. */
export type Hasher = (text: string | Uint8Array) => string;
