// SPDX-License-Identifier: Apache-2.0
import type { Capture, GuestProcess, Packet, VirtualHost } from '@l45/testbed';
import dnsPacket, { type DecodedPacket } from 'dns-packet';

export const DNS_PORT = 53;
/** What dns_tag puts before each message: 16 bytes mark, 16 bytes application id. */
export const TAG_LENGTH = 32;
const MARK_LENGTH = 16;
const LENGTH_PREFIX = 2;

export const FAMILIES = ['IPv4', 'IPv6'] as const;
export const TRANSPORTS = ['UDP', 'TCP'] as const;
export type Family = (typeof FAMILIES)[number];
export type Transport = (typeof TRANSPORTS)[number];

export const SERVER_ADDRESS = { IPv4: '10.45.0.2', IPv6: 'fd45::2' } as const;
/** What the DNS server answers for every name below `example.test`. */
export const ANSWER = '10.45.0.80';

/** A DNS message as it was on the wire. */
export interface WireMessage {
  tag?: { mark: string; application: string };
  dns: DecodedPacket;
  bytes: Buffer;
}

export const dnsmasqArguments = [
  '--keep-in-foreground',
  '--conf-file=/dev/null',
  '--no-resolv',
  '--no-hosts',
  '--user=root',
  `--address=/example.test/${ANSWER}`,
];

let queries = 0;
/** A name that no query asked for yet, so that its packets can be told from all others. */
export const freshName = (): string => `query-${++queries}.example.test`;

export function digArguments(name: string, family: Family, transport: Transport): string[] {
  const tcp = transport === 'TCP' ? ['+tcp'] : [];
  return [`@${SERVER_ADDRESS[family]}`, name, 'A', '+short', '+tries=1', '+time=5', ...tcp];
}

/** Asks with an unmodified dig, and returns what it printed. */
export async function dig(
  host: VirtualHost,
  name: string,
  { family = 'IPv4', transport = 'UDP', program = 'dig' }: DigOptions = {},
): Promise<string> {
  const result = await host.run(program, digArguments(name, family, transport));
  return result.stdout.trim() || result.stderr.trim();
}

export interface DigOptions {
  family?: Family;
  transport?: Transport;
  /** dig under another name is another application. */
  program?: string;
}

/** Unmodified digs, one after the other for as long as they may. */
export class DnsLoop {
  private constructor(
    private readonly host: VirtualHost,
    private readonly loop: GuestProcess,
  ) {}

  static async start(host: VirtualHost): Promise<DnsLoop> {
    await host.sh('rm -f /run/enough');
    const ask = `dig @${SERVER_ADDRESS.IPv4} loop-$i.example.test +short +tries=1 +time=20`;
    const script = `while [ ! -e /run/enough ]; do i=$((i + 1)); ${ask}; done`;
    return new DnsLoop(host, await host.spawn('sh', ['-c', script]));
  }

  /** What each of them printed so far: an address, or what went wrong. */
  get answers(): string[] {
    return this.loop.stdout().trim().split('\n');
  }

  async stop(): Promise<void> {
    await this.host.sh('touch /run/enough');
    await this.loop.wait();
  }
}

/** The query for a name, and its response, as the wire had them. */
export function wireMessages(
  capture: Capture,
  name: string,
): { query?: WireMessage; response?: WireMessage } {
  const messages = [...datagrams(capture.packets()), ...streams(capture.packets())].filter(
    ({ dns }) => dns.questions?.[0]?.name === name,
  );
  return {
    query: messages.find(({ dns }) => dns.type === 'query'),
    response: messages.find(({ dns }) => dns.type === 'response'),
  };
}

function datagrams(packets: Packet[]): WireMessage[] {
  return packets
    .filter(({ udp }) => udp?.destinationPort === DNS_PORT || udp?.sourcePort === DNS_PORT)
    .flatMap(({ payload }) => decodeAt(payload, 0) ?? decodeAt(payload, TAG_LENGTH) ?? []);
}

/** The first message of each direction of each connection: dig asks once a connection. */
function streams(packets: Packet[]): WireMessage[] {
  const directions = new Map<string, Map<number, Buffer>>();
  for (const { ip, tcp, payload } of packets) {
    if (!ip || !tcp || payload.length === 0) continue;
    if (tcp.sourcePort !== DNS_PORT && tcp.destinationPort !== DNS_PORT) continue;
    const key = [ip.source, tcp.sourcePort, ip.destination, tcp.destinationPort].join(' ');
    const segments = directions.get(key) ?? new Map<number, Buffer>();
    directions.set(key, segments.set(tcp.sequence, payload)); // a retransmission overwrites itself
  }
  return [...directions.values()]
    .map((segments) => Buffer.concat([...segments].toSorted(([a], [b]) => a - b).map(([, s]) => s)))
    .flatMap(
      (stream) =>
        decodeAt(stream, 0, LENGTH_PREFIX) ?? decodeAt(stream, TAG_LENGTH, LENGTH_PREFIX) ?? [],
    );
}

function decodeAt(bytes: Buffer, tagLength: number, prefixLength = 0): WireMessage | undefined {
  try {
    const dns = dnsPacket.decode(bytes.subarray(tagLength + prefixLength));
    if (!dns.questions?.[0]?.name.endsWith('.test')) return undefined;
    const tag = tagLength ? decodeTag(bytes) : undefined;
    return { ...(tag && { tag }), dns, bytes };
  } catch {
    return undefined; // no DNS message here
  }
}

function decodeTag(bytes: Buffer): WireMessage['tag'] {
  const application = bytes.subarray(MARK_LENGTH, TAG_LENGTH).toString('latin1');
  return {
    mark: bytes.subarray(0, MARK_LENGTH).toString('hex'),
    application: application.replace(/\0+$/, ''),
  };
}
