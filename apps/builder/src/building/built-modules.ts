// SPDX-License-Identifier: Apache-2.0
import { ArtifactStore } from '@l45/bus';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { moduleInfo } from '../kernel/module-info.js';
import { BuiltModule } from './built-module.entity.js';
import type { Order } from './order.js';

/** What was built before: an index in the database, bytes in the object store. */
@Injectable()
export class BuiltModules {
  constructor(
    @InjectRepository(BuiltModule) private readonly repository: Repository<BuiltModule>,
    private readonly artifacts: ArtifactStore,
  ) {}

  /** Nothing either if the object store has lost the bytes. */
  async find(key: string): Promise<BuiltModule | undefined> {
    const row = await this.repository.findOneBy({ key });
    return row && (await this.artifacts.has(row.digest)) ? row : undefined;
  }

  async save(order: Order, bytes: Buffer, symbols: string): Promise<BuiltModule> {
    const { key, name, kernel } = order;
    const row = this.repository.create({
      key,
      name,
      ...kernel.target,
      digest: await this.artifacts.put(bytes),
      size: bytes.length,
      srcversion: moduleInfo(bytes).get('srcversion'),
      symbols,
    });
    await this.repository.upsert(row, ['key']);
    return row;
  }
}
