// SPDX-License-Identifier: Apache-2.0
import { BusClient, validated } from '@l45/bus';
import { ENDPOINTS, L45Error, type TrustedKey, TrustedKeys, withSuccessors } from '@l45/contracts';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentConfig } from '../agent.config.js';
import { readIfThere, writeDurably } from '../durable-file.js';

/**
 * The keys whose signatures this host takes. An operator gives them (L45_TRUSTED_KEYS), and then
 * there are no others. Without that the host keeps those that the security service names at first,
 * and follows from them to their successors: whoever is in the network's place at that moment is
 * trusted, and nobody who comes later.
 */
@Injectable()
export class KeyRing implements OnApplicationBootstrap {
  private readonly logger = new Logger(KeyRing.name);
  private readonly file: string;
  private keys?: Promise<TrustedKey[]>;

  constructor(
    @Inject(AgentConfig) private readonly config: AgentConfig,
    @Inject(BusClient) private readonly client: Pick<BusClient, 'request'>,
  ) {
    this.file = join(config.L45_STATE_DIR, 'trusted-keys.json');
  }

  /** Asked for ahead of the first artifact, which then waits for nobody. */
  onApplicationBootstrap(): void {
    this.trusted().catch((error: Error) => this.logger.warn(error.message));
  }

  /** A trusted key by its identifier; the security service may know it as a successor. */
  async find(id: string): Promise<TrustedKey | undefined> {
    const known = (await this.trusted()).find((key) => key.id === id);
    if (known || this.config.L45_TRUSTED_KEYS) return known;
    return (await this.follow()).find((key) => key.id === id);
  }

  /** Which keys came after those that are trusted, and when those end. */
  private async follow(): Promise<TrustedKey[]> {
    const keys = withSuccessors(await this.trusted(), await this.offered());
    this.keys = Promise.resolve(keys);
    return this.keep(keys);
  }

  /** All of them. */
  async trusted(): Promise<TrustedKey[]> {
    this.keys ??= this.load();
    try {
      return await this.keys;
    } catch (error) {
      this.keys = undefined;
      throw error;
    }
  }

  private async load(): Promise<TrustedKey[]> {
    const { L45_TRUSTED_KEYS } = this.config;
    if (L45_TRUSTED_KEYS) return configured(L45_TRUSTED_KEYS);
    const stored = await readIfThere(this.file);
    if (stored) return parse(stored.toString(), this.file);
    const offered = await this.offered();
    const ids = offered.map(({ id }) => id).join(', ');
    this.logger.warn(
      `trusting the keys that the security service names (${ids}); L45_TRUSTED_KEYS would pin them`,
    );
    return this.keep(offered);
  }

  private async offered(): Promise<TrustedKey[]> {
    return (await this.client.request(ENDPOINTS.security.keys, {})).keys;
  }

  private async keep(keys: TrustedKey[]): Promise<TrustedKey[]> {
    await writeDurably(this.file, Buffer.from(JSON.stringify({ keys })));
    return keys;
  }
}

/** A file, or its content. */
async function configured(value: string): Promise<TrustedKey[]> {
  if (value.trimStart().startsWith('{')) return parse(value, 'L45_TRUSTED_KEYS');
  const text = await readFile(value, 'utf8').catch((cause: unknown) => {
    throw new L45Error('UNKNOWN_KEY', `${value} (L45_TRUSTED_KEYS) cannot be read`, [], { cause });
  });
  return parse(text, `${value} (L45_TRUSTED_KEYS)`);
}

async function parse(text: string, source: string): Promise<TrustedKey[]> {
  try {
    return (await validated(TrustedKeys, JSON.parse(text))).keys;
  } catch (cause) {
    const advice = `it has what "nats req l45.security.keys ''" answers`;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new L45Error('UNKNOWN_KEY', `${source} is no list of trusted keys: ${reason}; ${advice}`);
  }
}
