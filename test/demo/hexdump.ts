// SPDX-License-Identifier: Apache-2.0
import { styleText } from 'node:util';

const WIDTH = 16;

/** Offset, bytes and text; the first `marked` bytes stand out. */
export function hexdump(bytes: Buffer, marked = 0): string {
  const lines: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += WIDTH) {
    const row = [...bytes.subarray(offset, offset + WIDTH)];
    const style = (text: string, index: number): string =>
      offset + index < marked ? styleText(['yellow', 'bold'], text) : text;
    const hex = row.map((byte, index) => style(byte.toString(16).padStart(2, '0'), index));
    const text = row.map((byte, index) =>
      style(byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.', index),
    );
    const padding = '   '.repeat(WIDTH - row.length);
    lines.push(
      `${offset.toString(16).padStart(4, '0')}  ${hex.join(' ')}${padding}  ${text.join('')}`,
    );
  }
  return lines.join('\n');
}
