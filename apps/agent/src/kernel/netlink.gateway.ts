// SPDX-License-Identifier: Apache-2.0
import type { AttachedSocket, LoadedCustomization } from '@l45/contracts';
import { inSpan } from '@l45/telemetry';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { type Attributes, decode, encode } from '../netlink/attributes.js';
import { NetlinkEvents } from '../netlink/events.js';
import { type Family, findFamily } from '../netlink/family.js';
import { formatGeneric, parseGeneric } from '../netlink/message.js';
import { NetlinkSocket } from '../netlink/socket.js';
import * as uapi from '../netlink/uapi.generated.js';
import {
  decodeAnswer,
  decodeInstance,
  decodeSocket,
  encodeId,
  encodeNew,
  encodeSet,
} from './instance-codec.js';
import type { InstanceSettings, KernelInstance, NewInstance } from './instance.js';
import { kernelError } from './kernel-error.js';
import { CORE, type Core, KernelGateway, type Question, type Vouched } from './kernel.gateway.js';
import { insertModule, loadedSrcversion, removeModule } from './modules.js';

const { commands } = uapi;
type Commands = typeof commands;
type CommandName = keyof Commands;
type SetOf<C extends CommandName> = Commands[C]['set'];

/** The running kernel, over the generic netlink family of the core module. */
@Injectable()
export class NetlinkGateway extends KernelGateway implements OnApplicationShutdown {
  private readonly socket = new NetlinkSocket();
  private readonly listeners = new Set<() => void>();
  private readonly events = new NetlinkEvents(
    () => this.changed(),
    (port) => port === this.socket.port,
  );

  async core(): Promise<Core | undefined> {
    const [core] = await this.read('coreGet', 'request');
    if (!core) return undefined;
    const srcversion = (await loadedSrcversion(CORE)) ?? '';
    return { version: core.version ?? '', abi: core.abi ?? 0, srcversion };
  }

  async customizations(): Promise<LoadedCustomization[]> {
    const loaded = await this.read('customizationGet', 'dump');
    return loaded.map(({ name = '', version = '', srcversion = '', users = 0 }) => ({
      name,
      version,
      srcversion,
      users,
    }));
  }

  async instances(): Promise<KernelInstance[]> {
    return this.decoded(
      'read the instances',
      await this.read('instanceGet', 'dump'),
      decodeInstance,
    );
  }

  async sockets(instances: readonly string[] = []): Promise<AttachedSocket[]> {
    const found = await this.read('socketGet', 'dump', { instance: instances.map(encodeId) });
    return this.decoded('read the sockets', found, decodeSocket);
  }

  newInstance(instance: NewInstance): Promise<void> {
    return this.write(
      'instanceNew',
      encodeNew(instance),
      `register instance ${instance.id} of ${instance.customization}`,
    );
  }

  setInstance(id: string, settings: Partial<InstanceSettings>): Promise<void> {
    return this.write('instanceSet', encodeSet(id, settings), `change instance ${id}`);
  }

  deleteInstance(id: string): Promise<void> {
    return this.write('instanceDel', { id: encodeId(id) }, `revoke instance ${id}`);
  }

  setKey(id: string, key: Buffer): Promise<void> {
    return this.write('instanceSet', { id: encodeId(id), key }, `give instance ${id} a key`);
  }

  async challenge({ instance, nonce, host, bootId }: Question): Promise<Vouched> {
    const question = {
      id: encodeId(instance),
      nonce: Buffer.from(nonce, 'hex'),
      host,
      boot: encodeId(bootId),
    };
    const [answer] = await this.exchange('challenge', question, `challenge instance ${instance}`);
    return decodeAnswer(answer ?? {});
  }

  loadModule(name: string, file: string): Promise<void> {
    return inSpan('kernel load', { 'l45.module': name }, () => insertModule(name, file));
  }

  unloadModule(name: string): Promise<void> {
    return inSpan('kernel unload', { 'l45.module': name }, () => removeModule(name));
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  onApplicationShutdown(): void {
    this.socket.close();
    this.events.close();
  }

  private async read<C extends CommandName>(
    command: C,
    how: 'request' | 'dump',
    attributes: Attributes<SetOf<C>> = {},
  ): Promise<Attributes<SetOf<C>>[]> {
    const set: SetOf<C> = commands[command].set;
    return this.traced(command, `read (${command})`, async () => {
      const family = await this.family();
      if (!family) return [];
      const replies = await this.socket[how](family.id, format(command, encode(set, attributes)));
      return replies.map((reply) => decode(set, parseGeneric(reply).attributes));
    });
  }

  private async write<C extends CommandName>(
    command: C,
    attributes: Attributes<SetOf<C>>,
    action: string,
  ): Promise<void> {
    await this.exchange(command, attributes, action);
  }

  private async exchange<C extends CommandName>(
    command: C,
    attributes: Attributes<SetOf<C>>,
    action: string,
  ): Promise<Attributes<SetOf<C>>[]> {
    return this.traced(command, action, async () => {
      const family = await this.family();
      if (!family) throw new Error('the core module (l45) is not loaded');
      const set: SetOf<C> = commands[command].set;
      const request = format(command, encode(set, attributes));
      const replies = await this.socket.request(family.id, request);
      return replies.map((reply) => decode(set, parseGeneric(reply).attributes));
    });
  }

  /** Asked for each time: it is another one once the core has been loaded again. */
  private async family(): Promise<Family | undefined> {
    const family = await findFamily(this.socket, uapi.family.name);
    const group = family?.groups.get(uapi.multicastGroups.events);
    if (group !== undefined) this.events.join(group);
    return family;
  }

  private async traced<T>(command: string, action: string, run: () => Promise<T>): Promise<T> {
    try {
      return await inSpan(`netlink ${command}`, { 'l45.command': command }, run);
    } catch (error) {
      throw kernelError(action, error);
    }
  }

  private decoded<T, R>(action: string, list: T[], decodeOne: (tags: T) => R): R[] {
    try {
      return list.map(decodeOne);
    } catch (error) {
      throw kernelError(action, error);
    }
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}

const format = (command: CommandName, attributes: Buffer): Buffer =>
  formatGeneric(commands[command].id, uapi.family.version, attributes);
