// SPDX-License-Identifier: Apache-2.0
import { freePort, type NatsServer, startNats } from '@l45/bus/testing';
import { type PostgresServer, startPostgres } from '@l45/cib/testing';
import { connect } from '@nats-io/transport-node';
import { once } from 'node:events';
import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { waitFor } from '../wait.js';
import { buildImages } from './build.js';
import { Image } from './image.js';

jest.setTimeout(300_000);

const NAMES = ['services', 'agent', 'middlebox'] as const;
const MB = 1e6;
/** Wireshark knows all protocols there are. */
const LIMIT_MB = { services: 200, agent: 200, middlebox: 300 };
const BUNDLES = { services: 7, agent: 2, middlebox: 1 };
const SHELLS = /^(ba|da|z|k|c|tc)?sh$|^(busybox|toybox|perl|python.*)$/;
const PACKAGE_MANAGERS = /^(npm|npx|corepack|yarn|apt.*|dpkg.*)$/;

interface Component {
  name: string;
  version: string;
  purl: string;
  licenses?: object[];
}

let folder: string;
let images: Record<(typeof NAMES)[number], Image>;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'l45-images-'));
  const built = await buildImages(folder, [...NAMES]);
  const opened = built.map(async (name, index) => [NAMES[index], await Image.open(name)]);
  images = Object.fromEntries(await Promise.all(opened));
});

afterAll(async () => {
  for (const image of Object.values(images ?? {})) await image.close();
  await rm(folder, { recursive: true });
});

describe.each(NAMES)('the image of %s', (name) => {
  it('is small', async () => {
    expect(await images[name].bytes()).toBeLessThan(LIMIT_MB[name] * MB);
  });

  it('has no shell, no package manager, and nothing that gives privileges', async () => {
    const { root } = images[name];
    const files = await images[name].files();
    expect(files).toContain('/usr/bin/node');
    const programs = files.map((path) => basename(path));
    expect(programs.filter((file) => SHELLS.test(file) || PACKAGE_MANAGERS.test(file))).toEqual([]);
    const modes = files.map(async (path) => [path, (await lstat(join(root, path))).mode & 0o6000]);
    expect((await Promise.all(modes)).filter(([, mode]) => mode)).toEqual([]);
  });

  it('has a bill of materials that names all that is bundled, and where it is from', async () => {
    const { root } = images[name];
    const bom = JSON.parse(await readFile(join(root, 'app/sbom.cdx.json'), 'utf8'));
    expect(bom).toMatchObject({
      bomFormat: 'CycloneDX',
      specVersion: '1.5',
      metadata: { component: { type: 'container', name: `l45-${name}`, version: '0.1.0' } },
    });
    const components = bom.components as Component[];
    const refs = components.map((one) => (one as unknown as Record<string, string>)['bom-ref']);
    expect(refs).toEqual([...new Set(refs)]);
    expect(components.every(({ version, purl }) => version && purl.startsWith('pkg:'))).toBe(true);
    const named = (type: string) =>
      components.filter(({ purl }) => purl.startsWith(`pkg:${type}/`)).map((one) => one.name);
    expect(named('generic')).toEqual(['node']);
    expect(named('deb')).toEqual(expect.arrayContaining(['libc6', 'libstdc++6']));

    // esbuild says above each module where it was.
    const bundles = (await images[name].files()).filter((path) => path.endsWith('/main.js'));
    expect(bundles.length).toBe(BUNDLES[name]);
    const texts = await Promise.all(bundles.map((path) => readFile(join(root, path), 'utf8')));
    const modules = texts
      .join('\n')
      .matchAll(/^\s*(?:\/\/ |")\S*node_modules\/((?:@[^/]+\/)?[^/"]+)\/[^"]*"?/gm);
    const bundled = new Set([...modules].map(([, found = '']) => found));
    expect(bundled.size).toBeGreaterThan(20);
    expect([...bundled].filter((found) => !named('npm').includes(found))).toEqual([]);
  });
});

describe('the services, in their image', () => {
  let nats: NatsServer;
  let postgres: PostgresServer;

  beforeAll(async () => {
    [nats, postgres] = await Promise.all([startNats(), startPostgres()]);
  });

  afterAll(async () => {
    await Promise.all([nats?.stop(), postgres?.stop()]);
  });

  it('wait for the schema, live but not ready, until the job has migrated it', async () => {
    const port = await freePort();
    const child = images.services.run(['dist/deployer/main.js'], {
      NATS_URL: nats.url,
      DATABASE_URL: postgres.url,
      HEALTH_LISTEN: `127.0.0.1:${port}`,
      L45_MIGRATE: 'false',
    });
    const said = createInterface({ input: child.stdout as Readable });
    const probe = async (path: string) => (await fetch(`http://127.0.0.1:${port}${path}`)).status;
    for await (const line of said) if (line.includes('waiting for the migrations')) break;
    expect([await probe('/live'), await probe('/ready')]).toEqual([200, 503]);

    const job = images.services.run(['dist/migrate/main.js'], { DATABASE_URL: postgres.url });
    expect(await once(job, 'exit')).toEqual([0, null]);
    await waitFor('it to be ready', async () => (await probe('/ready')) === 200);
    child.kill();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  it.each(['deployer', 'monitor', 'middlebox'])(
    'run: %s, as nobody, with a root that it can only read',
    async (service) => {
      expect(images.services.config.User).toBe('65532:65532');
      const child = images.services.run([`dist/${service}/main.js`], {
        NATS_URL: nats.url,
        DATABASE_URL: postgres.url,
      });
      const connection = await connect({ servers: nats.url });
      const answer = await waitFor(`${service} to answer`, () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
        return connection.request(`$SRV.PING.l45-${service}`).catch(() => undefined);
      });
      expect(answer.json()).toMatchObject({ name: `l45-${service}` });
      await connection.close();
      child.kill();
      expect(await once(child, 'exit')).toEqual([0, null]);
    },
  );
});

describe('the agent, in its image', () => {
  it('has the code that programs kernels: it gets as far as its configuration', async () => {
    const child = images.agent.run(['dist/agent/main.js'], { NATS_URL: 'nowhere' });
    const said = (await child.stdout?.toArray())?.join('') ?? '';
    expect(said).toContain('NATS_URL must be nats://host:port');
  });

  it('loads modules with nothing but kmod', async () => {
    expect(await images.agent.files()).toEqual(
      expect.arrayContaining(['/usr/bin/kmod', '/usr/sbin/insmod', '/usr/sbin/rmmod']),
    );
  });
});

describe('the agent of a middlebox, in its image', () => {
  const VOLUMES = ['/tmp'];

  it('runs as nobody, and keeps what it is given in a volume', async () => {
    expect(images.middlebox.config.User).toBe('65532:65532');
    const nats = await startNats();
    const child = images.middlebox.run(
      ['dist/agent/main.js'],
      { NATS_URL: nats.url, L45_ROLE: 'middlebox', L45_HOST: 'tap', L45_STATE_DIR: '/tmp/state' },
      VOLUMES,
    );
    const connection = await connect({ servers: nats.url });
    const answer = await waitFor('it to answer', () => {
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}`);
      return connection.request('$SRV.PING.l45-agent').catch(() => undefined);
    });
    expect(answer.json()).toMatchObject({ metadata: { host: 'tap' } });
    child.kill();
    expect(await once(child, 'exit')).toEqual([0, null]);
    await connection.close();
    await nats.stop();
  });

  it('has what captures are read with', async () => {
    expect(await images.middlebox.files()).toEqual(
      expect.arrayContaining(['/usr/bin/dumpcap', '/usr/bin/mkfifo', '/usr/bin/tail']),
    );
  });

  it('has a tshark that runs modules', async () => {
    const script = `
      const { writeFileSync } = require('node:fs');
      const header = 'd4c3b2a1020004000000000000000000ffff000001000000';
      writeFileSync('/tmp/empty.pcap', Buffer.from(header, 'hex'));
      writeFileSync('/tmp/module.lua', 'print(Proto.new("l45", "Layer 4.5").name)');
      const parameters = ['-X', 'lua_script:/tmp/module.lua', '-r', '/tmp/empty.pcap'];
      require('node:child_process').spawnSync('tshark', parameters, { stdio: 'inherit' });`;
    const child = images.middlebox.run(['-e', script], { HOME: '/tmp' }, VOLUMES);
    expect((await child.stdout?.toArray())?.join('')).toBe('L45\n');
  });
});
