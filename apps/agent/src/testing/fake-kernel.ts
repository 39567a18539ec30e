// SPDX-License-Identifier: Apache-2.0
import {
  type AttachedSocket,
  challengeMac,
  type Counters,
  linkNames,
  type LoadedCustomization,
  PROTOCOLS,
} from '@l45/contracts';
import { createHash, randomBytes } from 'node:crypto';
import { EventEmitter } from 'node:events';
import { readFile } from 'node:fs/promises';
import { constants } from 'node:os';
import type { InstanceSettings, KernelInstance, NewInstance } from '../kernel/instance.js';
import { kernelError } from '../kernel/kernel-error.js';
import {
  CORE,
  type Core,
  KernelGateway,
  type Question,
  type Vouched,
} from '../kernel/kernel.gateway.js';
import { Refused } from '../netlink/socket.js';

type Errno = 'EEXIST' | 'ENOENT' | 'EBUSY' | 'EINVAL' | 'ENOMEM';

const COUNTERS: Counters = {
  egressMessages: '0',
  egressBytesIn: '0',
  egressBytesOut: '0',
  ingressMessages: '0',
  ingressBytesIn: '0',
  ingressBytesOut: '0',
  inserted: '0',
  removed: '0',
  passed: '0',
  dropped: '0',
  errors: '0',
  observed: '0',
  attached: '0',
};

/** A kernel in memory, which refuses what the real one refuses. */
export class FakeKernel extends KernelGateway {
  /** What was asked to be changed, in order: `new <id>`, `set <id>`, `load <name>`, … */
  readonly changes: string[] = [];
  /** Number of reads. */
  reads = 0;
  /** Changes that fail, and with what: `new <id>` → EINVAL. */
  readonly failures = new Map<string, Errno>();
  attached: AttachedSocket[] = [];

  private readonly modules = new Map<string, string>();
  /** Text of each loaded module. */
  private readonly code = new Map<string, string>();
  private readonly loads = new Map<string, string>();
  private readonly keys = new Map<string, Buffer>();
  private readonly registry = new Map<string, KernelInstance>();
  private readonly events = new EventEmitter<{ change: [] }>();

  async core(): Promise<Core | undefined> {
    this.reads++;
    const srcversion = this.modules.get(CORE);
    return srcversion === undefined ? undefined : { version: '0.1.0', abi: 1, srcversion };
  }

  async customizations(): Promise<LoadedCustomization[]> {
    this.reads++;
    const loaded = [...this.modules].filter(([name]) => name !== CORE);
    return loaded.map(([name, srcversion]) => ({
      name,
      version: '1.0.0',
      srcversion,
      users: this.usersOf(name),
    }));
  }

  async instances(): Promise<KernelInstance[]> {
    this.reads++;
    return [...this.registry.values()].map((found) => ({
      ...found,
      counters: { ...found.counters },
    }));
  }

  async sockets(ids: readonly string[] = []): Promise<AttachedSocket[]> {
    this.reads++;
    if (ids.length === 0) return this.attached;
    return this.attached.filter(({ instances }) => instances.some((id) => ids.includes(id)));
  }

  async newInstance({ attach: _attach, ...instance }: NewInstance): Promise<void> {
    const { id, customization } = instance;
    this.change(`new ${id}`);
    const loaded = linkNames(customization).every((name) => this.modules.has(name));
    if (!loaded) throw refusal('register', 'ENOENT');
    if (this.registry.has(id)) throw refusal('register', 'EEXIST');
    const state = { deprecated: false, sockets: 0, lastUsed: '0', counters: { ...COUNTERS } };
    const { match } = instance;
    const protocols = match.protocols.length ? match.protocols : [...PROTOCOLS];
    this.registry.set(id, { ...instance, ...state, match: { ...match, protocols } });
  }

  async setInstance(id: string, settings: Partial<InstanceSettings>): Promise<void> {
    this.change(`set ${id}`);
    const instance = this.registry.get(id);
    if (!instance) throw refusal('change', 'ENOENT');
    if (instance.deprecated && settings.deprecated === false) throw refusal('change', 'EINVAL');
    this.registry.set(id, { ...instance, ...settings });
  }

  async deleteInstance(id: string): Promise<void> {
    this.change(`delete ${id}`);
    if (!this.registry.delete(id)) throw refusal('revoke', 'ENOENT');
    this.keys.delete(id);
  }

  async setKey(id: string, key: Buffer): Promise<void> {
    if (!this.registry.has(id)) throw refusal('change', 'ENOENT');
    this.keys.set(id, key);
  }

  async challenge(question: Question): Promise<Vouched> {
    const instance = this.registry.get(question.instance);
    if (!instance) throw refusal('challenge', 'ENOENT');
    const key = this.keys.get(instance.id);
    if (!key) throw refusal('challenge', ENOKEY);
    const names = linkNames(instance.customization);
    const digest = (texts: (string | undefined)[]) =>
      createHash('sha256').update(texts.join(' ')).digest('hex');
    const measurement = digest([CORE, ...names].map((name) => this.code.get(name)));
    const load = digest(names.map((name) => this.loads.get(name))).slice(0, 16);
    const vouched = { load, measurement };
    return { ...vouched, mac: challengeMac(key, { ...question, ...vouched }).toString('hex') };
  }

  /** As somebody does who writes into the kernel's memory. */
  patch(name: string): void {
    this.code.set(name, `${this.code.get(name)}, patched`);
  }

  /** What is loaded is told from the file, as modpost writes it. */
  async loadModule(name: string, file: string): Promise<void> {
    const text = await readFile(file, 'latin1');
    this.change(`load ${name}`);
    if (this.modules.has(name)) throw refusal('load', 'EEXIST');
    if (name !== CORE && !this.modules.has(CORE)) throw refusal('load', 'ENOENT');
    this.code.set(name, text);
    this.loads.set(name, randomBytes(8).toString('hex'));
    this.modules.set(name, /srcversion=([^\0]*)\0/.exec(text)?.[1] ?? '');
  }

  async unloadModule(name: string): Promise<void> {
    this.change(`unload ${name}`);
    if (!this.modules.has(name)) throw refusal('unload', 'ENOENT');
    const isUsed = name === CORE ? this.modules.size > 1 : this.usersOf(name) > 0;
    if (isUsed) throw refusal('unload', 'EBUSY');
    this.modules.delete(name);
  }

  onChange(listener: () => void): () => void {
    this.events.on('change', listener);
    return () => this.events.off('change', listener);
  }

  /** As somebody does who is not this host's agent. */
  async byOthers(change: () => Promise<void>): Promise<void> {
    await change();
    this.events.emit('change');
  }

  /** As traffic does. */
  count(id: string, counters: Partial<Counters>): void {
    const instance = this.registry.get(id);
    if (instance) Object.assign(instance.counters, counters);
  }

  /** Nothing survives a reset of the host. */
  reset(): void {
    this.modules.clear();
    this.registry.clear();
    this.keys.clear();
    this.changes.length = 0;
  }

  private usersOf(name: string): number {
    return [...this.registry.values()].flatMap((user) =>
      linkNames(user.customization).filter((one) => one === name),
    ).length;
  }

  private change(what: string): void {
    this.changes.push(what);
    const errno = this.failures.get(what);
    if (errno) throw refusal(what, errno);
  }
}

/** Linux' own, which Node does not name. */
const ENOKEY = 126;

const refusal = (action: string, errno: Errno | typeof ENOKEY): Error =>
  kernelError(
    action,
    new Refused({ errno: typeof errno === 'number' ? errno : constants.errno[errno] }),
  );

/** The bytes of a module, as far as a fake kernel looks at them. */
export const fakeModule = (name: string, srcversion: string): Buffer =>
  Buffer.from(`\x7fELF\0name=${name}\0srcversion=${srcversion}\0`);
