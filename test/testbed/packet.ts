// SPDX-License-Identifier: Apache-2.0
import { SocketAddress } from 'node:net';

/** A frame of the shared network, decoded as far as it could be. */
export interface Packet {
  /** Milliseconds since the epoch. */
  time: number;
  frame: Buffer;
  ethernet: { source: string; destination: string; type: number };
  ip?: { version: 4 | 6; source: string; destination: string; protocol: number };
  udp?: { sourcePort: number; destinationPort: number };
  tcp?: {
    sourcePort: number;
    destinationPort: number;
    sequence: number;
    acknowledgement: number;
    flags: { fin: boolean; syn: boolean; rst: boolean; psh: boolean; ack: boolean };
  };
  /** What TCP or UDP carries; empty for anything else. */
  payload: Buffer;
}

const ETHERTYPE = { ipv4: 0x0800, ipv6: 0x86dd };
const PROTOCOL = { tcp: 6, udp: 17 };
const IPV6_EXTENSIONS = new Set([0, 43, 60]); // hop-by-hop, routing, destination options
const NOTHING = Buffer.alloc(0);

/** Decodes Ethernet, IPv4, IPv6, TCP and UDP. Later fragments keep their IP header only. */
export function decode(frame: Buffer, time: number): Packet {
  const packet: Packet = {
    time,
    frame,
    ethernet: {
      destination: mac(frame.subarray(0, 6)),
      source: mac(frame.subarray(6, 12)),
      type: frame.readUInt16BE(12),
    },
    payload: NOTHING,
  };
  const body = frame.subarray(14);
  try {
    if (packet.ethernet.type === ETHERTYPE.ipv4) decodeIpv4(packet, body);
    if (packet.ethernet.type === ETHERTYPE.ipv6) decodeIpv6(packet, body);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error; // cut short: what was decoded stays
  }
  return packet;
}

function decodeIpv4(packet: Packet, body: Buffer): void {
  const protocol = body.readUInt8(9);
  packet.ip = {
    version: 4,
    source: address(body.subarray(12, 16)),
    destination: address(body.subarray(16, 20)),
    protocol,
  };
  const isFirstFragment = (body.readUInt16BE(6) & 0x1fff) === 0;
  const headerLength = (body.readUInt8(0) & 0x0f) * 4;
  if (isFirstFragment) {
    decodeTransport(packet, protocol, body.subarray(headerLength, body.readUInt16BE(2)));
  }
}

function decodeIpv6(packet: Packet, body: Buffer): void {
  let protocol = body.readUInt8(6);
  let rest = body.subarray(40, 40 + body.readUInt16BE(4));
  while (IPV6_EXTENSIONS.has(protocol)) {
    protocol = rest.readUInt8(0);
    rest = rest.subarray((rest.readUInt8(1) + 1) * 8);
  }
  packet.ip = {
    version: 6,
    source: address(body.subarray(8, 24)),
    destination: address(body.subarray(24, 40)),
    protocol,
  };
  decodeTransport(packet, protocol, rest);
}

function decodeTransport(packet: Packet, protocol: number, segment: Buffer): void {
  if (protocol === PROTOCOL.udp) {
    packet.udp = ports(segment);
    packet.payload = segment.subarray(8, segment.readUInt16BE(4));
  }
  if (protocol === PROTOCOL.tcp) {
    const flags = segment.readUInt8(13);
    packet.tcp = {
      ...ports(segment),
      sequence: segment.readUInt32BE(4),
      acknowledgement: segment.readUInt32BE(8),
      flags: {
        fin: (flags & 1) !== 0,
        syn: (flags & 2) !== 0,
        rst: (flags & 4) !== 0,
        psh: (flags & 8) !== 0,
        ack: (flags & 16) !== 0,
      },
    };
    packet.payload = segment.subarray((segment.readUInt8(12) >> 4) * 4);
  }
}

function ports(segment: Buffer): { sourcePort: number; destinationPort: number } {
  return { sourcePort: segment.readUInt16BE(0), destinationPort: segment.readUInt16BE(2) };
}

function mac(bytes: Buffer): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(':');
}

function address(bytes: Buffer): string {
  if (bytes.length === 4) return bytes.join('.');
  const groups = bytes.toString('hex').match(/.{4}/g) ?? [];
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address; // shortest form
}
