// SPDX-License-Identifier: Apache-2.0

const HEADER_SIZE = 64;
const SECTION_HEADER_SIZE = 64;

/** The entries `key=value` of a kernel module (ELF64, little-endian): what modinfo prints. */
export function moduleInfo(module: Buffer): Map<string, string> {
  const entries = section(module, '.modinfo').toString('latin1').split('\0').filter(Boolean);
  return new Map(
    entries.map((entry) => {
      const equals = entry.indexOf('=');
      return [entry.slice(0, equals), entry.slice(equals + 1)];
    }),
  );
}

function section(module: Buffer, name: string): Buffer {
  if (module.length < HEADER_SIZE || module.readUInt32BE(0) !== 0x7f454c46)
    throw new Error('not an ELF file');
  const table = Number(module.readBigUInt64LE(0x28));
  const headers = Array.from({ length: module.readUInt16LE(0x3c) }, (_, index) => {
    const header = module.subarray(table + index * SECTION_HEADER_SIZE);
    const offset = Number(header.readBigUInt64LE(0x18));
    const size = Number(header.readBigUInt64LE(0x20));
    return { name: header.readUInt32LE(0), bytes: module.subarray(offset, offset + size) };
  });
  const names = headers[module.readUInt16LE(0x3e)]?.bytes;
  const nameAt = (start: number) =>
    names?.subarray(start, names.indexOf(0, start)).toString('latin1');
  const found = headers.find((header) => nameAt(header.name) === name);
  if (!found) throw new Error(`no section ${name}`);
  return found.bytes;
}
