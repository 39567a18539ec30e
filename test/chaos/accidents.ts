// SPDX-License-Identifier: Apache-2.0
import {
  ARTIFACT_BUCKET,
  DESIRED_BUCKET,
  MIDDLEBOX_DESIRED_BUCKET,
  OBSERVED_BUCKET,
  PREPARED_BUCKET,
} from '@l45/contracts';
import { jetstreamManager } from '@nats-io/jetstream';
import type { Cloud } from '../cloud/index.js';
import type { VirtualHosts } from '../fleet/index.js';
import type { Random } from './random.js';

/** Hosts that an accident strikes at once. */
const STRUCK = 5;

/** What can go wrong, and is repaired, by its name. */
export function accidentsOf(
  cloud: Cloud,
  virtual: VirtualHosts,
  random: Random,
): [string, () => Promise<unknown>][] {
  const { nats, postgres, services, hosts, middlebox } = cloud;
  const strike = (how: (host: Cloud['hosts'][number]) => Promise<void>) => () =>
    Promise.all(random.sample(hosts, STRUCK).map(how));
  const wipe = (stream: string) => () => wipeStream(cloud, stream);
  return [
    ...services.map((service, i): [string, () => Promise<unknown>] => [
      `kill ${service.name} (${i})`,
      async () => {
        await service.stop('SIGKILL');
        service.start();
      },
    ]),
    [
      'kill the builder',
      async () => {
        await cloud.killBuilder();
        await cloud.startBuilder();
      },
    ],
    [
      'kill nats-server',
      async () => {
        await nats.kill();
        await nats.restart();
      },
    ],
    [
      'kill nats-server, and lose its store',
      async () => {
        await nats.kill();
        await nats.restart({ wipe: true });
      },
    ],
    [
      'kill Postgres',
      async () => {
        await postgres.kill();
        await postgres.restart();
      },
    ],
    ['wipe desired states', wipe(`KV_${DESIRED_BUCKET}`)],
    ['wipe observed states', wipe(`KV_${OBSERVED_BUCKET}`)],
    ["wipe the middlebox's desired state", wipe(`KV_${MIDDLEBOX_DESIRED_BUCKET}`)],
    ['wipe what is prepared', wipe(`KV_${PREPARED_BUCKET}`)],
    ['wipe the artifacts', wipe(`OBJ_${ARTIFACT_BUCKET}`)],
    [
      'restart agents',
      strike(async (host) => {
        await host.stop();
        await host.start();
      }),
    ],
    ['reset hosts', strike((host) => host.reset())],
    ['replace hosts', strike((host) => host.replace())],
    ...(['client', 'dns-server'] as const).map((name): [string, () => Promise<unknown>] => [
      `kill the agent of ${name}`,
      async () => {
        await virtual.killAgent(name);
        await virtual.startAgent(name);
      },
    ]),
    [
      "restart the middlebox's agent",
      async () => {
        await middlebox.stop();
        await middlebox.start();
      },
    ],
  ];
}

/** Unless the server is away, and cannot be asked. */
async function wipeStream({ user }: Cloud, stream: string): Promise<void> {
  const manager = await jetstreamManager(user.connection, { checkAPI: false });
  await manager.streams.delete(stream).catch(() => undefined);
}
