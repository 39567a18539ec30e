// SPDX-License-Identifier: Apache-2.0
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import dns from 'dns-packet';
import { execa } from 'execa';
import { MACHINE_ADDRESS, Testbed, type VirtualHost } from './index.js';
import { bootId, remains, until } from './fixtures/machine.js';
import { buildMark } from './fixtures/mark.js';

jest.setTimeout(180_000);

const ESBUILD = ['--platform=node', '--format=esm', '--packages=external', '--log-level=error'];

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'l45-e2e-'));
});

afterAll(() => rm(folder, { recursive: true }));

describe('virtual hosts', () => {
  let testbed: Testbed;
  let client: VirtualHost;
  let server: VirtualHost;

  beforeAll(async () => {
    testbed = await Testbed.create({ capture: true });
    [client, server] = await Promise.all([
      testbed.startHost({ name: 'client', addresses: ['10.45.0.1/24', 'fd45::1/64'] }),
      testbed.startHost({ name: 'server', addresses: ['10.45.0.2/24', 'fd45::2/64'], smp: 2 }),
    ]);
  });

  afterAll(() => testbed?.close());

  it.each(['10.45.0.2', 'fd45::2', '127.0.0.1', '::1'])('reach %s', async (address) => {
    const ping = await client.run('ping', ['-c', '1', '-W', '10', address]);

    expect(ping.stdout).toContain('1 received');
  });

  it('reach the loopback of the machine, and nothing beyond it', async () => {
    const listener = createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    try {
      const { port } = listener.address() as AddressInfo;
      const connect = (to: string): string => `exec 3<>/dev/tcp/${to}; cat <&3`;
      const greeting = await client.run('bash', ['-c', connect(`${MACHINE_ADDRESS}/${port}`)]);
      expect(greeting.stdout).toBe('hello');

      const beyond = await client.run('bash', ['-c', connect('192.0.2.1/80')]);
      expect(beyond.stderr).toContain('Network is unreachable');
    } finally {
      listener.close();
    }
  });

  it('differ in what identifies a host', async () => {
    const files = '/etc/machine-id /proc/sys/kernel/random/boot_id /sys/class/net/eth0/address';
    const identity = `hostname; cat ${files}`;
    const [one, other] = await Promise.all([client.sh(identity), server.sh(identity)]);

    expect(one.split('\n')[0]).toBe('client');
    expect(other.split('\n')[0]).toBe('server');
    const lines = [...one.trim().split('\n'), ...other.trim().split('\n')];
    expect(new Set(lines).size).toBe(8);
  });

  it('run the kernel that modules are built for', async () => {
    expect((await client.sh('uname -r')).trim()).toBe(testbed.kernelRelease);
  });

  it('have the processors that were asked for', async () => {
    expect((await server.sh('nproc')).trim()).toBe('2');
  });

  it('run commands at the same time, each with its own output and exit code', async () => {
    const numbers = Array.from({ length: 20 }, (_, n) => n);
    const results = await Promise.all(
      numbers.map((n) => client.run('sh', ['-c', `echo out ${n}; echo err ${n} >&2; exit ${n}`])),
    );

    expect(results.map(({ code, stdout, stderr }) => ({ code, stdout, stderr }))).toEqual(
      numbers.map((n) => ({ code: n, stdout: `out ${n}\n`, stderr: `err ${n}\n` })),
    );
  });

  it('say so when there is no such command', async () => {
    const result = await client.run('no-such-command');

    expect(result.code).toBe(127);
    expect(result.stderr).toContain('No such file or directory');
  });

  it('run commands with the given folder and environment', async () => {
    const options = { cwd: '/usr', env: { COLOUR: 'blue' } };

    expect(await client.sh('pwd; echo $COLOUR', options)).toBe('/usr\nblue\n');
  });

  it('kill a command that takes too long, and all that it started', async () => {
    const run = client.run('sh', ['-c', 'echo begun; sleep 4545 & wait'], { timeoutMs: 500 });

    await expect(run).rejects.toThrow(/500 ms passed\nbegun/);
    await until(async () => (await client.run('pgrep', ['-f', 'sleep 4545'])).code === 1);
  });

  it('carry 10 MB of binary output unchanged', async () => {
    const script = 'head -c 10000000 /dev/urandom >/tmp/random; cat /tmp/random';
    const { stdoutBytes } = await client.run('sh', ['-c', script]);

    expect(stdoutBytes).toHaveLength(10_000_000);
    const sum = createHash('sha256').update(stdoutBytes).digest('hex');
    expect(await client.sh('sha256sum /tmp/random')).toContain(sum);
  });

  it('take and give files', async () => {
    const data = Buffer.from(Array.from({ length: 3_000_000 }, (_, n) => (n * 7) % 256));
    await client.writeFile('/var/lib/layer45/some/file', data, { mode: 0o600 });

    expect(Buffer.compare(await client.readFile('/var/lib/layer45/some/file'), data)).toBe(0);
    expect(await client.sh('stat -c %a /var/lib/layer45/some/file')).toBe('600\n');
    await expect(client.readFile('/no/such/file')).rejects.toThrow('No such file');
  });

  it('talk to a long-running process and end it with a signal', async () => {
    const cat = await client.spawn('cat');
    cat.write('hello\n');
    expect(await cat.waitForLine(/^hel+o$/)).toBe('hello');
    expect(cat.running).toBe(true);

    cat.kill('SIGTERM');
    expect(await cat.wait()).toEqual({ code: 0, signal: 'SIGTERM' });
    await expect(cat.waitForLine('goodbye')).rejects.toThrow('ended without goodbye');
  });

  it('end a process that has only just been started', async () => {
    const sleep = await client.spawn('sleep', ['4548']);
    sleep.kill('SIGKILL');

    expect(await sleep.wait()).toEqual({ code: 0, signal: 'SIGKILL' });
  });

  it('return from a command that leaves a daemon behind', async () => {
    const { code } = await client.run('sh', ['-c', 'sleep 4546 & exit 3'], { timeoutMs: 10_000 });

    expect(code).toBe(3);
    await client.run('pkill', ['-f', 'sleep 4546']);
  });

  it('see files that the machine wrote after the host had looked', async () => {
    await client.sh(`ls -la ${folder}`);
    await writeFile(`${folder}/seen`, 'new');
    await client.refresh();

    expect(await client.sh(`cat ${folder}/seen`)).toBe('new');
  });

  it('cannot change the files of the machine', async () => {
    await client.sh('echo changed >/etc/debian_version');

    expect(await readFile('/etc/debian_version', 'utf8')).not.toBe('changed\n');
  });

  it('run node', async () => {
    const { stdout } = await client.run('node', ['-e', 'console.log(process.version)']);

    expect(stdout).toBe(`${process.version}\n`);
  });

  it('load modules of their own kernel, and ones built against its headers', async () => {
    const mark = await buildMark(join(folder, 'loads'));
    await client.sh(`modprobe sch_netem; insmod ${mark}; rmmod mark`);

    expect(await client.sh('dmesg')).toContain('mark: loaded');
    expect(client.kernelProblems()).toEqual([]);
  });

  describe('with a DNS server', () => {
    beforeAll(async () => {
      const dnsmasq = await server.spawn('dnsmasq', [
        ...['--keep-in-foreground', '--log-facility=-', '--no-resolv', '--no-hosts', '--user=root'],
        ...['--conf-file=/dev/null', '--address=/a.test/192.0.2.45'],
      ]);
      await dnsmasq.waitForLine('started');
    });

    it.each([
      ['10.45.0.2', '+notcp'],
      ['10.45.0.2', '+tcp'],
      ['fd45::2', '+notcp'],
      ['fd45::2', '+tcp'],
    ])('ask %s %s', async (address, transport) => {
      const { stdout } = await client.run('dig', [`@${address}`, transport, '+short', 'a.test']);

      expect(stdout).toBe('192.0.2.45\n');
    });

    it('show the packets of a query', async () => {
      testbed.capture.clear();
      const [query, answer] = await Promise.all([
        testbed.capture.waitFor(({ udp }) => udp?.destinationPort === 53),
        testbed.capture.waitFor(({ udp }) => udp?.sourcePort === 53),
        client.sh('dig @10.45.0.2 a.test'),
      ]);

      expect(query.ip).toMatchObject({ version: 4, source: '10.45.0.1', destination: '10.45.0.2' });
      expect(dns.decode(query.payload).questions).toMatchObject([{ name: 'a.test', type: 'A' }]);
      expect(dns.decode(answer.payload).answers).toMatchObject([{ data: '192.0.2.45' }]);
    });

    it('show the packets of a connection over IPv6', async () => {
      testbed.capture.clear();
      await client.sh('dig +tcp @fd45::2 a.test');

      const toServer = testbed.capture.packets().filter(({ tcp }) => tcp?.destinationPort === 53);
      expect(toServer[0]?.ip).toMatchObject({
        version: 6,
        source: 'fd45::1',
        destination: 'fd45::2',
      });
      expect(toServer[0]?.tcp?.flags).toMatchObject({ syn: true, ack: false });
      const query = Buffer.concat(toServer.map(({ payload }) => payload));
      expect(dns.streamDecode(query).questions).toMatchObject([{ name: 'a.test' }]);
    });

    it('write a capture that other tools read', async () => {
      await client.sh('dig @10.45.0.2 tcpdump.test');
      await testbed.capture.waitFor(({ payload }) => payload.includes('tcpdump'));

      await until(async () => {
        const { stdout } = await execa('tcpdump', ['-nr', testbed.capture.file, 'udp port 53']);
        return stdout.includes('A? tcpdump.test.');
      });
    });
  });

  it('keep over a reset what is on their disk', async () => {
    const host = await testbed.startHost({ name: 'keeper', keep: '/var/lib/layer45' });
    await host.sh('echo identity >/var/lib/layer45/identity');
    await host.reset();

    expect(await host.sh('cat /var/lib/layer45/identity')).toBe('identity\n');
    await host.kill();
  });

  it('count instructions instead of seconds on request', async () => {
    const host = await testbed.startHost({ name: 'counting', icount: true });

    expect(await host.sh('cat /proc/cpuinfo')).not.toMatch(/ erms| fsrm/);
    await host.kill();
  });

  it('come back from a reset as if the plug had been pulled', async () => {
    const before = await bootId(server);
    await server.writeFile('/root/scratch', 'gone soon');
    const victim = await server.spawn('sleep', ['4547']);
    await server.reset();

    await expect(victim.wait()).rejects.toThrow('server went down');
    expect(await bootId(server)).not.toBe(before);
    await expect(server.readFile('/root/scratch')).rejects.toThrow('No such file');
    expect(await client.sh('ping -c 1 -W 10 10.45.0.2')).toContain('1 received');
  });
});

describe('two testbeds', () => {
  it('do not hear each other', async () => {
    const testbeds = await Promise.all([Testbed.create(), Testbed.create({ capture: true })]);
    const [one, other] = testbeds;
    try {
      const host = await one.startHost({ name: 'here', addresses: ['10.45.0.1/24'] });
      await other.startHost({ name: 'there', addresses: ['10.45.0.2/24'] });

      expect((await host.run('ping', ['-c', '1', '-W', '1', '10.45.0.2'])).code).toBe(1);
      const sources = other.capture.packets().map(({ ethernet }) => ethernet.source);
      expect(new Set(sources).size).toBeLessThanOrEqual(1);
    } finally {
      await Promise.all(testbeds.map((testbed) => testbed.close()));
    }
  });
});

describe('a kernel with a problem', () => {
  let testbed: Testbed;
  let host: VirtualHost;

  beforeEach(async () => {
    testbed = await Testbed.create();
    host = await testbed.startHost({ name: 'broken' });
  });

  afterEach(() => testbed?.close({ allowKernelProblems: true }));

  it('is reported when it panics, and can be reset', async () => {
    const crash = host.run('sh', ['-c', 'echo c >/proc/sysrq-trigger']);

    await expect(crash).rejects.toThrow('broken went down');
    await host.down();
    expect(host.running).toBe(false);
    expect(host.kernelProblems().join()).toContain('Kernel panic');
    await host.reset();
    expect((await host.run('true')).code).toBe(0);
  });

  it('fails the test that closes the testbed', async () => {
    await host.run('insmod', [await buildMark(join(folder, 'warns')), 'warn=1']);

    await expect(testbed.close()).rejects.toThrow(/broken: .*WARNING: .*mark_init/);
  });
});

describe('a testbed that is over', () => {
  it('leaves nothing behind when it is closed', async () => {
    const mounts = await readFile('/proc/mounts', 'utf8');
    const testbed = await Testbed.create({ capture: true });
    const own = dirname(testbed.capture.file);
    await testbed.startHost({ name: 'guest' });
    expect(await remains(own)).not.toEqual([]);
    await testbed.close();

    expect(await remains(own)).toEqual([]);
    expect(await readFile('/proc/mounts', 'utf8')).toBe(mounts);
  });

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'leaves nothing behind when its owner gets %s',
    async (signal) => {
      // Where it is built, so that it finds the guest's sources as a built program does.
      const program = fileURLToPath(
        new URL(`../../build/test/testbed/owner-${process.pid}.mjs`, import.meta.url),
      );
      const source = fileURLToPath(new URL('fixtures/owner.ts', import.meta.url));
      await execa('esbuild', [source, '--bundle', `--outfile=${program}`, ...ESBUILD], {
        preferLocal: true,
      });
      const owner = execa('node', [program], { reject: false });
      const [line] = (await once(owner.stdout, 'data')) as [Buffer];
      const own = line.toString().trim();
      expect(await remains(own)).not.toEqual([]);
      owner.kill(signal);
      await owner;

      await until(async () => (await remains(own)).length === 0);
      await rm(program);
    },
  );
});
