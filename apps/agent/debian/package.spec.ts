// SPDX-License-Identifier: Apache-2.0
import { execa } from 'execa';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const UNIT = 'lib/systemd/system/layer45-agent.service';

describe('the Debian package of the agent', () => {
  let folder: string;
  let root: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'l45-package-'));
    root = join(folder, 'root');
    const { stdout } = await execa('sh', [join(import.meta.dirname, 'build.sh'), folder]);
    await execa('dpkg-deb', ['--raw-extract', stdout, root]);
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true }));

  it('has all that the agent needs: it gets as far as its configuration', async () => {
    const main = join(root, 'usr/lib/layer45-agent/dist/agent/main.js');
    const { exitCode, stdout } = await execa('node', [main], {
      env: { NATS_URL: 'nowhere' },
      reject: false,
    });
    expect(exitCode).toBe(1);
    expect(stdout).toContain('NATS_URL must be nats://host:port');
  });

  it('has a unit that systemd takes, with little that it may do', async () => {
    await execa('systemd-analyze', ['verify', join(root, UNIT)]);
    // Of 100; what is left is the network, two capabilities, and JavaScript that is compiled.
    const exposure = ['security', '--offline=true', '--threshold=30', join(root, UNIT)];
    await expect(execa('systemd-analyze', exposure)).resolves.toMatchObject({ exitCode: 0 });
  });

  it('leaves the configuration to who installs it', async () => {
    const { stdout } = await execa('cat', [join(root, 'DEBIAN/conffiles')]);
    expect(stdout).toBe('/etc/layer45/agent.env');
  });
});
