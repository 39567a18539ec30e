// SPDX-License-Identifier: Apache-2.0
import type { Socket } from 'node:net';

/** As in guest/guestd.c. */
export const ToGuest = { exec: 1, stdin: 2, stdinEnd: 3, signal: 4 } as const;
export const ToTest = { ready: 1, stdout: 2, stderr: 3, exit: 4 } as const;

export interface Frame {
  id: number;
  type: number;
  payload: Buffer;
}

const HEADER = 9;

export function writeFrame(socket: Socket, { id, type, payload }: Frame): void {
  const header = Buffer.alloc(HEADER);
  header.writeUInt32BE(payload.length, 0);
  header.writeUInt32BE(id, 4);
  header.writeUInt8(type, 8);
  socket.cork();
  socket.write(header);
  socket.write(payload);
  socket.uncork();
}

export function onFrame(socket: Socket, handle: (frame: Frame) => void): void {
  onRecord(socket, HEADER, (record) =>
    handle({
      id: record.readUInt32BE(4),
      type: record.readUInt8(8),
      payload: record.subarray(HEADER),
    }),
  );
}

/**
 * Cuts a byte stream into records that begin with a header whose first 4 bytes are the length of
 * what follows the header.
 */
export function onRecord(
  socket: Socket,
  headerLength: number,
  handle: (record: Buffer) => void,
): void {
  let chunks: Buffer[] = [];
  let available = 0;
  let wanted = headerLength;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    available += chunk.length;
    if (available < wanted) return;

    let rest = chunks.length === 1 ? chunk : Buffer.concat(chunks);
    while (rest.length >= headerLength) {
      wanted = headerLength + rest.readUInt32BE(0);
      if (rest.length < wanted) break;
      handle(rest.subarray(0, wanted));
      rest = rest.subarray(wanted);
      wanted = headerLength;
    }
    chunks = rest.length > 0 ? [rest] : [];
    available = rest.length;
  });
}
