// SPDX-License-Identifier: Apache-2.0
import {
  type AllowReply,
  type AllowRequest,
  type AssignmentProgress,
  L45Error,
  type Middlebox,
  type RegisterMiddleboxRequest,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { isDeepStrictEqual } from 'node:util';
import { progressOf } from './assign/assign.js';
import { Assigner } from './assign/assigner.service.js';
import { ModulesService } from './assign/modules.service.js';
import type { MiddleboxRow } from './storage/middlebox.entity.js';
import { MiddleboxesRepository } from './storage/middleboxes.repository.js';

/** The verbs. Each is safe to repeat. */
@Injectable()
export class MiddleboxesService {
  constructor(
    private readonly repository: MiddleboxesRepository,
    private readonly modules: ModulesService,
    private readonly assigner: Assigner,
  ) {}

  async register({ middlebox, types, sees }: RegisterMiddleboxRequest): Promise<Middlebox> {
    await this.#refuseUnknown(types);
    const wanted = { types: types.toSorted(), sees: sees ? { ...sees } : null };
    const rows = await this.repository.update((all) => {
      const row = all.find(({ name }) => name === middlebox) ?? newMiddlebox(middlebox);
      const same = isDeepStrictEqual({ types: row.types, sees: row.sees }, wanted);
      return same ? [] : [{ ...row, ...wanted }];
    });
    this.assigner.trigger();
    return this.#view(named(rows, middlebox));
  }

  async unregister(middlebox: string): Promise<Middlebox[]> {
    if (!(await this.repository.remove(middlebox))) {
      throw unknown(middlebox, await this.repository.all());
    }
    this.assigner.trigger();
    return this.list();
  }

  async list(middlebox?: string): Promise<Middlebox[]> {
    const rows = await this.repository.all();
    const wanted = middlebox === undefined ? rows : [named(rows, middlebox)];
    return Promise.all(wanted.map((row) => this.#view(row)));
  }

  async assignments(deployment?: string): Promise<AssignmentProgress[]> {
    const progress = await Promise.all((await this.repository.all()).map((row) => this.#of(row)));
    return progress.flat().filter(({ name }) => deployment === undefined || name === deployment);
  }

  async allow({ deployment, applications }: AllowRequest): Promise<AllowReply> {
    await this.repository.allow(deployment, applications);
    this.assigner.trigger();
    return { deployment, applications };
  }

  async #refuseUnknown(types: string[]): Promise<void> {
    const known = await this.modules.types();
    const strange = types.filter((type) => !known.includes(type));
    if (strange.length === 0) return;
    throw new L45Error(
      'UNKNOWN_INVERSE',
      `no customization has inverse modules of type ${strange.join(', ')}; known: ${known.join(', ')}`,
      strange.map((type) => ({ field: 'types', message: `${type} is unknown`, type })),
    );
  }

  async #of(row: MiddleboxRow): Promise<AssignmentProgress[]> {
    const modules = await this.modules.find(row.desired.assignments, row.types);
    return progressOf(row, modules, this.assigner);
  }

  async #view(row: MiddleboxRow): Promise<Middlebox> {
    const report = this.assigner.report(row.name);
    return {
      middlebox: row.name,
      types: row.types,
      ...(row.sees && { sees: row.sees }),
      online: report !== undefined && !this.assigner.silentSince(row.name),
      desiredRevision: row.revision,
      appliedRevision: report?.desiredRevision ?? 0,
      assignments: await this.#of(row),
      problems: report?.problems ?? [],
      applications: report?.applications ?? [],
    };
  }
}

const newMiddlebox = (name: string): MiddleboxRow => ({
  name,
  types: [],
  sees: null,
  revision: 0,
  desired: { types: [], modules: [], assignments: [] },
});

function named(rows: MiddleboxRow[], name: string): MiddleboxRow {
  const row = rows.find((one) => one.name === name);
  if (!row) throw unknown(name, rows);
  return row;
}

const unknown = (name: string, rows: MiddleboxRow[]): L45Error =>
  new L45Error(
    'UNKNOWN_MIDDLEBOX',
    `no middlebox is registered as ${name}; known: ${rows.map((row) => row.name).join(', ') || 'none'}`,
  );
