// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import { Fleet } from '../fleet/index.js';
import { readCommands } from './commands.js';
import { tellStory } from './story.js';
import { aside } from './style.js';

const { values } = parseArgs({ options: { keep: { type: 'boolean', default: false } } });
const started = performance.now();
const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;

console.log('Starting NATS, Postgres, five services and two virtual hosts with an agent each …');
const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
const fleet = await Fleet.start();
console.log(aside(`ready after ${seconds()}`));
try {
  await Promise.race([tellStory(fleet), interrupted]);
  console.log(aside(`done after ${seconds()}`));
  if (values.keep) await Promise.race([readCommands(fleet), interrupted]);
} finally {
  await fleet.stop();
}
process.exit();
