// SPDX-License-Identifier: Apache-2.0
import { agentSubject, type AgentStatus, ENDPOINTS } from '@l45/contracts';
import stringify from 'json-stringify-pretty-compact';
import {
  digArguments,
  type Fleet,
  freshName,
  HOSTS,
  TAG_DNS,
  TAG_LENGTH,
  wireMessages,
} from '../fleet/index.js';
import { hexdump } from './hexdump.js';
import { aside, heading, prompt } from './style.js';

const say = (text = ''): void => void process.stdout.write(`${text}\n`);
const chapter = (text: string): void => say(`\n${heading(text)}\n`);
const indent = (text: string): string => text.replace(/^/gm, '  ');

/** Tells what the system does, by doing it: every request is sent, every packet was on the wire. */
export async function tellStory(fleet: Fleet): Promise<void> {
  chapter('1. Before: dig asks dnsmasq, plain DNS on the wire');
  await query(fleet);

  chapter('2. Deploy: one request to the bus');
  await request(fleet, ENDPOINTS.deployer.deploy.subject, TAG_DNS);

  chapter('3. After: the same dig, the same answer, but 32 bytes more on the wire');
  await query(fleet);
  say('  What the two kernels counted:');
  for (const host of ['client', 'dns-server'] as const) await counters(fleet, host);

  chapter('4. Revoke');
  await request(fleet, ENDPOINTS.deployer.revoke.subject, { name: TAG_DNS.name, wait: 10 });

  chapter('5. As before');
  await query(fleet);
}

/** Sends what a user would type, prints both. */
async function request(fleet: Fleet, subject: string, payload: object): Promise<void> {
  say(`  ${prompt('$')} nats req ${subject} '${JSON.stringify(payload)}'`);
  const started = performance.now();
  const { errorCode, body } = await fleet.stack.request(subject, payload, 60_000);
  const took = `${Math.round(performance.now() - started)} ms`;
  say(indent(stringify(body, { maxLength: 96 })));
  say(aside(`  answered after ${took}`));
  if (errorCode) throw new Error(`${subject} was refused: ${body.error?.message}`);
}

async function query(fleet: Fleet): Promise<void> {
  const name = freshName();
  const args = digArguments(name, 'IPv4', 'UDP');
  say(`  ${prompt('client$')} dig ${args.join(' ')}`);
  const result = await fleet.hosts.client.run('dig', args);
  say(indent(result.stdout.trim() || result.stderr.trim()));
  if (result.code !== 0) throw new Error(`dig ended with ${result.code}`);

  const { query: sent } = wireMessages(fleet.testbed.capture, name);
  if (!sent) throw new Error(`no packet with a query for ${name} was on the wire`);
  const [from, to] = [HOSTS.client[0], HOSTS['dns-server'][0]].map((a) => a.split('/')[0]);
  say(`\n  On the wire: ${from} → ${to}, UDP port 53, ${sent.bytes.length} bytes`);
  if (sent.tag) {
    say(`    tag   mark ${sent.tag.mark}, application "${sent.tag.application}"`);
  }
  const question = sent.dns.questions?.[0];
  say(`    DNS   query 0x${sent.dns.id?.toString(16)}, ${question?.type} ${question?.name}`);
  say(indent(indent(hexdump(sent.bytes, sent.tag ? TAG_LENGTH : 0))));
  say();
}

async function counters(fleet: Fleet, host: 'client' | 'dns-server'): Promise<void> {
  const subject = agentSubject(ENDPOINTS.agent.status, host);
  say(`  ${prompt('$')} nats req ${subject} ''`);
  const { body } = await fleet.stack.request<AgentStatus>(subject);
  for (const { customization, role, sockets, counters: counted } of body.instances) {
    const of = Object.entries(counted).filter(([, value]) => value !== '0');
    say(`    ${customization} (${role}), attached to ${sockets} sockets`);
    say(`    ${of.map(([name, value]) => `${name} ${value}`).join(', ')}`);
  }
}
