// SPDX-License-Identifier: Apache-2.0
import {
  type AgentFlowsRequest,
  ARTIFACT_BUCKET,
  type AttachedSocket,
  type DesiredInstance,
  type DesiredState,
  HEARTBEAT_MS,
} from '@l45/contracts';
import { Objm } from '@nats-io/obj';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { machine, release } from 'node:os';
import type { NewInstance } from './kernel/instance.js';
import { AgentUnderTest } from './testing/agent-under-test.js';
import {
  builtModule,
  CORE_MODULE,
  desiredInstance,
  desiredState,
  HOST,
  TAG_MODULE,
} from './testing/desired.js';
import { FakeKernel } from './testing/fake-kernel.js';

jest.setTimeout(60_000);

describe('agent', () => {
  let agent: AgentUnderTest;
  let kernel: FakeKernel;

  const start = async (fake?: FakeKernel): Promise<void> => {
    agent = await AgentUnderTest.create(fake);
    kernel = agent.kernel;
    await agent.artifacts.put(CORE_MODULE.bytes);
    await agent.artifacts.put(TAG_MODULE.bytes);
    await agent.start();
  };
  afterEach(() => agent.close());

  describe('brings the kernel to the desired state', () => {
    it('loading modules in order, then registering instances', async () => {
      await start();
      const [client, server] = [desiredInstance(), desiredInstance({ role: 'server' })];
      await agent.want(desiredState(1, [client, server]));
      const { instances, customizations, core } = await agent.applied(1);
      expect(kernel.changes).toEqual([
        'load l45',
        'load dns_tag',
        `new ${client.id}`,
        `new ${server.id}`,
      ]);
      expect(core?.srcversion).toBe('l45-1');
      expect(customizations).toMatchObject([
        { name: 'dns_tag', srcversion: 'dns_tag-1', users: 2 },
      ]);
      expect(instances).toMatchObject([
        { id: client.id, role: 'client', mode: 'active', directions: ['ingress', 'egress'] },
        { id: server.id, role: 'server' },
      ]);
    });

    it('a chain as one instance, once all its modules are there', async () => {
      await start();
      const dialect = builtModule('xor_dialect');
      await agent.artifacts.put(dialect.bytes);
      const chain = [
        { customization: 'dns_tag', params: { position: 'front' } },
        { customization: 'xor_dialect', params: { key: { hex: 'c0ffee' } } },
      ];
      const name = { customization: 'dns_tag+xor_dialect', params: {} };
      const instance = desiredInstance({ ...name, chain });
      const artifacts = [CORE_MODULE.artifact, TAG_MODULE.artifact, dialect.artifact];
      await agent.want(desiredState(1, [instance], artifacts.slice(0, 2)));
      await agent.reported(({ problems }) =>
        problems.some(({ subject, name: what }) => subject === instance.id && what === 'KERNEL'),
      );
      await agent.want(desiredState(2, [instance], artifacts));
      const { instances, customizations } = await agent.applied(2);
      expect(customizations).toMatchObject([
        { name: 'dns_tag', users: 1 },
        { name: 'xor_dialect', users: 1 },
      ]);
      expect(instances).toMatchObject([{ id: instance.id, customization: name.customization }]);
      // No report tells anybody a key.
      expect(JSON.stringify(instances)).not.toMatch(/chain|c0ffee/);

      const before = kernel.changes.length;
      await agent.want(desiredState(3, [instance], artifacts));
      await agent.applied(3);
      expect(kernel.changes).toHaveLength(before);
      await agent.want(desiredState(4, [{ ...instance, chain: chain.toReversed() }], artifacts));
      await agent.applied(4);
      expect(kernel.changes.slice(before)).toEqual([`delete ${instance.id}`, `new ${instance.id}`]);
    });

    it('changing nothing where nothing differs', async () => {
      await start();
      const instance = desiredInstance({
        match: { local: { prefixes: ['10.1.2.3/8'], ports: ['1-2'] }, protocols: ['udp', 'tcp'] },
        params: { zero: 0, empty: '' },
      });
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      const before = kernel.changes.length;
      const same: DesiredInstance = {
        ...instance,
        match: {
          local: { prefixes: ['10.0.0.0/8', '::ffff:10.0.0.0/104'], ports: ['1-2'] },
          protocols: ['tcp', 'udp'],
        },
        params: {},
        directions: instance.directions.toReversed(),
      };
      await agent.want(desiredState(2, [same]));
      await agent.applied(2);
      expect(kernel.changes).toHaveLength(before);
    });

    it('changing what can be changed', async () => {
      await start();
      const instance = desiredInstance({ mode: 'observe', directions: ['ingress'] });
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      const changed = { mode: 'active', priority: 7, directions: ['ingress', 'egress'] } as const;
      await agent.want(
        desiredState(2, [{ ...instance, ...changed, directions: [...changed.directions] }]),
      );
      const { instances } = await agent.applied(2);
      expect(instances).toMatchObject([changed]);
      expect(kernel.changes.slice(3)).toEqual([`set ${instance.id}`]);
    });

    it.each([
      ['match', { match: { applications: ['drill'] } }],
      ['parameters', { params: { position: 'end' } }],
      ['role', { role: 'server' as const }],
    ])('replacing an instance whose %s differ', async (_, change) => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      await agent.want(desiredState(2, [{ ...instance, ...change }]));
      await agent.applied(2);
      expect(kernel.changes.slice(3)).toEqual([`delete ${instance.id}`, `new ${instance.id}`]);
    });

    it('revoking what is no longer wanted, those that speak first, and unloading what is unused', async () => {
      await start();
      const ears = desiredInstance({ directions: ['ingress'] });
      const mouth = desiredInstance();
      await agent.want(desiredState(1, [ears, mouth]));
      await agent.applied(1);
      kernel.changes.length = 0;
      await agent.want(desiredState(2, [], [CORE_MODULE.artifact]));
      const { instances, customizations } = await agent.applied(2);
      expect(kernel.changes).toEqual([`delete ${mouth.id}`, `delete ${ears.id}`, 'unload dns_tag']);
      expect([...instances, ...customizations]).toEqual([]);
    });

    it('leaving a deprecated instance that is gone where it is', async () => {
      await start();
      const kept = desiredInstance();
      await agent.want(desiredState(1, [kept]));
      await agent.applied(1);
      const gone = desiredInstance({ deprecated: true });
      await agent.want(desiredState(2, [{ ...kept, deprecated: true }, gone]));
      const { instances } = await agent.applied(2);
      expect(instances).toMatchObject([{ id: kept.id, deprecated: true }]);
      expect(kernel.changes).not.toContain(`new ${gone.id}`);
    });

    it('again, when somebody else changed the kernel', async () => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      kernel.changes.length = 0;
      await kernel.byOthers(() => kernel.deleteInstance(instance.id));
      await agent.reported(({ instances }) => instances.length === 1 && kernel.changes.length > 1);
      expect(kernel.changes).toEqual([`delete ${instance.id}`, `new ${instance.id}`]);
    });
  });

  describe('replaces a module', () => {
    const newer = builtModule('dns_tag', 'dns_tag-2');
    const newerState = (revision: number, instances: DesiredState['instances']) =>
      desiredState(revision, instances, [CORE_MODULE.artifact, newer.artifact]);

    it('that nobody uses', async () => {
      await start();
      await agent.artifacts.put(newer.bytes);
      const old = desiredInstance();
      await agent.want(desiredState(1, [old]));
      await agent.applied(1);
      kernel.changes.length = 0;
      const instance = desiredInstance();
      await agent.want(newerState(2, [instance]));
      await agent.applied(2);
      expect(kernel.changes).toEqual([
        `delete ${old.id}`,
        'unload dns_tag',
        'load dns_tag',
        `new ${instance.id}`,
      ]);
    });

    it('not while it is in use, and says so', async () => {
      await start();
      await agent.artifacts.put(newer.bytes);
      const [used, added] = [desiredInstance(), desiredInstance()];
      await agent.want(desiredState(1, [used]));
      await agent.applied(1);
      await agent.want(newerState(2, [{ ...used, priority: 1 }, added]));
      const { problems, instances } = await agent.reported(
        ({ desiredRevision }) => desiredRevision === 2,
      );
      expect(problems).toMatchObject([
        {
          subject: 'dns_tag',
          name: 'KERNEL',
          message: expect.stringContaining('1 instances use it'),
        },
        { subject: added.id, message: expect.stringContaining('needs dns_tag') },
      ]);
      expect(instances).toMatchObject([{ id: used.id, priority: 1 }]);
      expect(kernel.changes).not.toContain('unload dns_tag');
    });

    it('the core, with the customizations that call it', async () => {
      await start();
      const core = builtModule('l45', 'l45-2');
      await agent.artifacts.put(core.bytes);
      await agent.want(desiredState(1, []));
      await agent.applied(1);
      kernel.changes.length = 0;
      await agent.want(desiredState(2, [], [core.artifact, TAG_MODULE.artifact]));
      expect((await agent.applied(2)).core?.srcversion).toBe('l45-2');
      expect(kernel.changes).toEqual(['unload dns_tag', 'unload l45', 'load l45', 'load dns_tag']);
    });
  });

  describe('meets a problem', () => {
    it('with one instance: the others are set up, and it is tried again', async () => {
      await start();
      const [bad, good] = [desiredInstance(), desiredInstance()];
      kernel.failures.set(`new ${bad.id}`, 'EINVAL');
      await agent.want(desiredState(1, [bad, good]));
      const { problems, instances } = await agent.reported(
        ({ desiredRevision }) => desiredRevision === 1,
      );
      expect(problems).toMatchObject([
        { subject: bad.id, name: 'KERNEL', message: expect.stringContaining('EINVAL') },
      ]);
      expect(instances).toMatchObject([{ id: good.id }]);
      kernel.failures.clear();
      expect((await agent.applied(1)).instances).toHaveLength(2);
    });

    it('with the core: nothing is loaded onto it, and all is told', async () => {
      await start();
      kernel.failures.set('load l45', 'ENOMEM');
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      const { problems } = await agent.reported(({ desiredRevision }) => desiredRevision === 1);
      expect(problems.map(({ subject }) => subject)).toEqual(['l45', 'dns_tag', instance.id]);
      expect(kernel.changes).not.toContain('load dns_tag');
      kernel.failures.clear();
      await agent.applied(1);
    });

    it('with an artifact that is not stored yet: it is loaded once it is', async () => {
      await start();
      const late = builtModule('null');
      await agent.want(desiredState(1, [], [CORE_MODULE.artifact, late.artifact]));
      const { problems } = await agent.reported(({ desiredRevision }) => desiredRevision === 1);
      expect(problems).toMatchObject([{ subject: 'null', name: 'UNKNOWN_ARTIFACT' }]);
      await agent.artifacts.put(late.bytes);
      await agent.applied(1);
      expect(kernel.changes).toEqual(['load l45', 'load null']);
    });

    it('with bytes that do not match: they are not loaded, but fetched again', async () => {
      await start();
      const forged = builtModule('null');
      const store = await new Objm(agent.connection).open(ARTIFACT_BUCKET);
      await store.putBlob({ name: forged.artifact.digest }, Buffer.from('something else'));
      await agent.want(desiredState(1, [], [CORE_MODULE.artifact, forged.artifact]));
      const { problems } = await agent.reported(({ desiredRevision }) => desiredRevision === 1);
      expect(problems).toMatchObject([{ subject: 'null', name: 'DIGEST_MISMATCH' }]);
      expect(kernel.changes).toEqual(['load l45']);
      await store.putBlob({ name: forged.artifact.digest }, forged.bytes);
      await agent.applied(1);
    });

    it.each([
      ['of another host', { host: 'other' }, 'not the desired state of client'],
      ['that breaks a rule', { revision: 'x' }, 'revision'],
      [
        'with a digest that is a path',
        { artifacts: [{ ...CORE_MODULE.artifact, digest: '../x' }] },
        'digest',
      ],
      ['without instances', { instances: undefined }, 'instances'],
    ])('with a desired state %s: the kernel stays as it is', async (_, change, word) => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      const before = kernel.changes.length;
      await agent.desired.put(HOST, { ...desiredState(2, []), ...change } as DesiredState);
      const { problems, instances } = await agent.reported((state) => state.problems.length > 0);
      expect(problems).toMatchObject([
        { subject: HOST, name: 'VALIDATION', message: expect.stringContaining(word) },
      ]);
      expect(instances).toHaveLength(1);
      expect(kernel.changes).toHaveLength(before);
      await agent.want(desiredState(3, [instance]));
      await agent.applied(3);
    });
  });

  it('takes a newer state while it still works on an older one', async () => {
    const slow = new SlowKernel();
    await start(slow);
    const old = Array.from({ length: 5 }, () => desiredInstance());
    const waiting = once(slow.gate, 'waiting');
    await agent.want(desiredState(1, old));
    await waiting;
    const wanted = desiredInstance();
    await agent.want(desiredState(2, [wanted]));
    slow.gate.emit('go');
    expect((await agent.applied(2)).instances).toMatchObject([{ id: wanted.id }]);
  });

  describe('goes away and comes back', () => {
    it('after a restart, and touches nothing that is right', async () => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      await agent.stop();
      const before = kernel.changes.length;
      const added = desiredInstance();
      await agent.want(desiredState(2, [instance, added]));
      await agent.start();
      await agent.applied(2);
      expect(kernel.changes.slice(before)).toEqual([`new ${added.id}`]);
    });

    it('after a reset of the host, and sets everything up again', async () => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      await agent.stop();
      kernel.reset();
      await agent.start();
      await agent.reported(({ instances }) => instances.length === 1);
      expect(kernel.changes).toEqual(['load l45', 'load dns_tag', `new ${instance.id}`]);
    });

    it('with the NATS server, and takes the state that was written meanwhile', async () => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      await agent.crashNats();
      await agent.want(desiredState(2, [{ ...instance, priority: 3 }]));
      expect((await agent.applied(2)).instances).toMatchObject([{ priority: 3 }]);
    });
  });

  describe('keeps the kernel as it is', () => {
    it('while its desired state is deleted', async () => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      const { at } = await agent.reported();
      await agent.desired.delete(HOST);
      const later = await agent.reported((state) => state.at > at);
      expect(later.instances).toHaveLength(1);
      await agent.want(desiredState(2, []));
      expect((await agent.applied(2)).instances).toEqual([]);
    });

    it('when the NATS server lost everything, until there is a state again', async () => {
      await start();
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      await agent.nats.restart({ wipe: true });
      const { instances } = await agent.reported();
      expect(instances).toHaveLength(1);
      await agent.want(desiredState(2, [{ ...instance, priority: 3 }]));
      expect((await agent.applied(2)).instances).toMatchObject([{ priority: 3 }]);
      expect(kernel.changes.slice(3)).toEqual([`set ${instance.id}`]);
    });
  });

  describe('reports', () => {
    it('that its host is there, before there is anything to run', async () => {
      await start();
      expect(await agent.reported()).toMatchObject({
        host: HOST,
        target: { kernelRelease: release(), arch: machine() },
        bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        desiredRevision: 0,
        customizations: [],
        instances: [],
        problems: [],
      });
    });

    it(
      'fresh counters as heartbeat',
      async () => {
        await start();
        const instance = desiredInstance();
        await agent.want(desiredState(1, [instance]));
        await agent.applied(1);
        // The second change has nothing else that could bring it to light.
        for (const egressMessages of ['1', '18446744073709551615']) {
          kernel.count(instance.id, { egressMessages });
          const began = Date.now();
          await agent.reported(
            ({ instances }) => instances[0]?.counters.egressMessages === egressMessages,
          );
          expect(Date.now() - began).toBeLessThan(HEARTBEAT_MS + 1_000);
        }
      },
      3 * HEARTBEAT_MS,
    );

    it('a kernel that cannot be read as a problem', async () => {
      class Unreadable extends FakeKernel {
        isUnreadable = true;
        override async customizations() {
          if (this.isUnreadable) throw new Error('no answer within 10000 ms');
          return super.customizations();
        }
      }
      const unreadable = new Unreadable();
      await start(unreadable);
      expect((await agent.reported()).problems).toMatchObject([{ subject: HOST }]);
      unreadable.isUnreadable = false;
      const instance = desiredInstance();
      await agent.want(desiredState(1, [instance]));
      await agent.applied(1);
      // Whoever took it for a removal would go on with a revocation.
      unreadable.isUnreadable = true;
      const { instances } = await agent.reported(({ problems }) => problems.length > 0);
      expect(instances).toMatchObject([{ id: instance.id }]);
    });

    it('its sockets when asked', async () => {
      await start();
      const id = randomUUID();
      kernel.attached = [
        {
          cookie: '1',
          protocol: 'udp',
          local: { address: '10.0.0.1', port: 4711 },
          application: 'dig',
          pid: 1,
          uid: 0,
          instances: [id],
          draining: [],
        },
      ];
      const status = await agent.status();
      expect(status).toMatchObject({ host: HOST, sockets: [{ instances: [id] }] });
    });

    it('the flows that are asked for, as many as are wanted', async () => {
      await start();
      const [mine, other] = [randomUUID(), randomUUID()];
      const flow = (cookie: string, application: string, id: string): AttachedSocket => ({
        cookie,
        protocol: 'udp',
        local: { address: '10.0.0.1', port: 4711 },
        application,
        pid: 1,
        uid: 0,
        instances: [id],
        draining: [],
      });
      kernel.attached = [
        flow('1', 'dig', mine),
        flow('2', 'dig', other),
        flow('3', 'curl', mine),
        flow('4', 'dig', mine),
      ];
      const ask = async (request: Partial<AgentFlowsRequest>) => {
        const { flows, total } = await agent.flows({ limit: 10, ...request });
        return [flows.map(({ cookie }) => cookie), total];
      };
      expect(await ask({})).toEqual([['1', '2', '3', '4'], 4]);
      expect(await ask({ instances: [mine], application: 'dig' })).toEqual([['1', '4'], 2]);
      expect(await ask({ limit: 1 })).toEqual([['1'], 4]);
    });
  });
});

/** Registers its first instance only when it is told to go on. */
class SlowKernel extends FakeKernel {
  readonly gate = new EventEmitter<{ waiting: []; go: [] }>();
  private isOpen = false;

  override async newInstance(instance: NewInstance): Promise<void> {
    if (!this.isOpen) {
      this.isOpen = true;
      const go = once(this.gate, 'go');
      this.gate.emit('waiting');
      await go;
    }
    return super.newInstance(instance);
  }
}
