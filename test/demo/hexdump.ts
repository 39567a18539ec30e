// SPDX-License-Identifier: Apache-2.0
import { emphasise } from './style.js';

const WIDTH = 16;

/** Offset, bytes and text; rows that begin within the first `marked` bytes stand out. */
export function hexdump(bytes: Buffer, marked = 0): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += WIDTH) {
    const row = [...bytes.subarray(offset, offset + WIDTH)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
    const text = row.map((byte) => (isPrintable(byte) ? String.fromCharCode(byte) : '.')).join('');
    const line = `${hex.padEnd(3 * WIDTH)} ${text}`;
    const address = offset.toString(16).padStart(4, '0');
    lines.push(`${address}  ${offset < marked ? emphasise(line) : line}`);
  }
  return lines.join('\n');
}

const isPrintable = (byte: number): boolean => byte >= 0x20 && byte < 0x7f;
