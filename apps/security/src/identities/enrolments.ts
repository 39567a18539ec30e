// SPDX-License-Identifier: Apache-2.0
import { type AgentRole, type EnrolRequest, L45Error } from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { IdentityRow } from '../storage/identity.entity.js';
import { RevokedKeyRow } from '../storage/revoked-key.entity.js';
import { KubernetesGateway } from './kubernetes.gateway.js';
import type { Authority } from './authority.js';

/** Who somebody is, by the token that they have. */
export interface Newcomer {
  host: string;
  role: AgentRole;
  /** Identifier of the invitation; absent: Kubernetes vouches for it. */
  invitation?: string;
  /** Of Kubernetes. */
  node?: string;
}

/** Decides who may become the agent of a host. */
@Injectable()
export class Enrolments {
  constructor(private readonly kubernetes: KubernetesGateway) {}

  async newcomerOf(authority: Authority, token: string): Promise<Newcomer> {
    const invited = authority.read(token);
    if (!invited) return this.kubernetes.agentOf(token);
    const { role, name: host, jti: invitation, tags, exp = 0 } = invited;
    if (role !== 'newcomer' || tags.length !== 1)
      throw refused('this is no token of an invitation');
    if (exp * 1_000 < Date.now()) throw refused('the invitation has expired');
    return { host, role: tags[0] as AgentRole, invitation };
  }

  /** Puts the newcomer's key in place of the one that the host had; whether there was one. */
  async admit(
    manager: EntityManager,
    { host, role, invitation, node }: Newcomer,
    { publicKey }: EnrolRequest,
  ): Promise<{ row: IdentityRow; isNew: boolean; hasRevoked: boolean }> {
    const known = await manager.findOneBy(IdentityRow, { host });
    // Asked again, as the answer was lost.
    if (known?.publicKey === publicKey) return { row: known, isNew: false, hasRevoked: false };
    if (invitation && known?.invitation !== invitation)
      throw refused('the invitation was used already, or another one came after it');
    if (!invitation && known && known.role !== role)
      throw refused(`${host} is the name of a ${known.role}, not of a ${role}`);
    if (!invitation && known?.revokedAt && !known.invitation)
      throw refused(`the identity of ${host} was revoked`);
    if (node && known?.node && known.node !== node)
      throw refused(`${host} is the node ${known.node}, not ${node}`);
    if (await this.#isTaken(manager, publicKey))
      throw refused('the key was used before: the host has to make another one');
    if (known?.publicKey) await revokeKey(manager, host, known.publicKey);
    const row = manager.create(IdentityRow, {
      ...{ host, role, publicKey, node: node ?? null },
      ...{ invitation: null, enrolledAt: new Date(), revokedAt: null },
    });
    await manager.save(row);
    return { row, isNew: true, hasRevoked: Boolean(known?.publicKey) };
  }

  async #isTaken(manager: EntityManager, publicKey: string): Promise<boolean> {
    const [revoked, used] = await Promise.all([
      manager.existsBy(RevokedKeyRow, { publicKey }),
      manager.existsBy(IdentityRow, { publicKey }),
    ]);
    return revoked || used;
  }
}

export const revokeKey = (manager: EntityManager, host: string, publicKey: string) =>
  manager.insert(RevokedKeyRow, { publicKey, host, at: new Date() });

const refused = (reason: string): L45Error =>
  new L45Error(
    'ENROLMENT',
    `${reason}; invite the host (l45.security.invite) and give its agent the new token`,
  );
