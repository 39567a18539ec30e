// SPDX-License-Identifier: Apache-2.0
import { EventPublisher, Loop, NATS, onStatus } from '@l45/bus';
import { Transactions } from '@l45/cib';
import {
  type Enrolment,
  type EnrolRequest,
  type Identity,
  type Invitation,
  type InviteRequest,
  L45Error,
} from '@l45/contracts';
import { createUser } from '@nats-io/nkeys';
import type { NatsConnection } from '@nats-io/transport-node';
import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { decode } from '@nats-io/jwt';
import type { EntityManager } from 'typeorm';
import { IdentityRow } from '../storage/identity.entity.js';
import { RevokedKeyRow } from '../storage/revoked-key.entity.js';
import { AccountsGateway } from './accounts.gateway.js';
import { Authority } from './authority.js';
import { Enrolments, revokeKey } from './enrolments.js';

const TURN = 'identities';
const HOUR_S = 3_600;

/** Who may be on the bus: Postgres knows, NATS is told. */
@Injectable()
export class Identities implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #logger = new Logger(Identities.name);
  readonly #telling = new Loop('Identities', () => this.#tell());

  constructor(
    @Inject(NATS) private readonly connection: NatsConnection,
    private readonly transactions: Transactions,
    private readonly events: EventPublisher,
    private readonly accounts: AccountsGateway,
    private readonly enrolments: Enrolments,
    @Inject(Authority) private readonly issuer: Authority | undefined,
  ) {}

  onApplicationBootstrap(): void {
    if (!this.issuer) return;
    this.#telling.trigger();
    // A server that lost what it had knows of no revocation.
    onStatus(this.connection, ({ type }) => {
      if (type === 'reconnect') this.#telling.trigger();
    });
  }

  onModuleDestroy(): Promise<void> {
    return this.#telling.stop();
  }

  async invite({ host, role = 'host', expires = HOUR_S }: InviteRequest): Promise<Invitation> {
    const exp = Math.floor(Date.now() / 1_000) + expires;
    const options = { exp, tags: [role] };
    // Nobody has this key: the token alone is what counts.
    const key = createUser().getPublicKey();
    const token = await this.#authority().userJwt('newcomer', host, key, options);
    const invitation = decode(token).jti;
    await this.#exclusively(async (manager) => {
      const known = await manager.findOneBy(IdentityRow, { host });
      if (known) await manager.update(IdentityRow, { host }, { invitation });
      else await manager.insert(IdentityRow, { host, role, invitation });
    });
    return { host, role, token, expiresAt: new Date(exp * 1_000).toISOString() };
  }

  async enrol(request: EnrolRequest): Promise<Enrolment> {
    const authority = this.#authority();
    const newcomer = await this.enrolments.newcomerOf(authority, request.token);
    const { row, isNew, hasRevoked } = await this.#exclusively((manager) =>
      this.enrolments.admit(manager, newcomer, request),
    );
    if (hasRevoked) this.#telling.trigger();
    if (isNew) await this.#publish(row);
    const { host, role } = row;
    const jwt = await authority.userJwt(`${role}-agent`, host, request.publicKey);
    return { host, role, jwt };
  }

  /** Resolves once NATS refuses it. */
  async revoke(host: string): Promise<Identity> {
    this.#authority();
    const row = await this.#exclusively(async (manager) => {
      const known = await manager.findOneBy(IdentityRow, { host });
      if (!known)
        throw new L45Error(
          'UNKNOWN_HOST',
          `${host} was never invited or enrolled: l45.security.identities lists who was`,
        );
      if (known.publicKey) await revokeKey(manager, host, known.publicKey);
      const revokedAt = known.revokedAt ?? new Date();
      return manager.save(Object.assign(known, { publicKey: null, invitation: null, revokedAt }));
    });
    await this.#tell().catch((cause: unknown) => {
      this.#telling.trigger();
      const message = `${host} is revoked, but NATS could not be told: it will be; ask again to be sure`;
      throw new L45Error('UNAVAILABLE', message, [], { cause });
    });
    await this.#publish(row);
    return view(row);
  }

  async list(): Promise<Identity[]> {
    const rows = await this.transactions.run((manager) =>
      manager.find(IdentityRow, { order: { host: 'ASC' } }),
    );
    return rows.map(view);
  }

  /** One replica at a time, lest the older state comes last. */
  async #tell(): Promise<void> {
    const authority = this.#authority();
    await this.#exclusively(async (manager) => {
      const revoked = await manager.find(RevokedKeyRow);
      const revocations = Object.fromEntries(
        revoked.map(({ publicKey, at }) => [publicKey, Math.ceil(at.getTime() / 1_000)]),
      );
      await this.accounts.update(authority, await authority.accountJwt(revocations));
    });
  }

  async #publish(row: IdentityRow): Promise<void> {
    const { host } = row;
    this.#logger.log(`${host} ${row.revokedAt ? 'is refused from now on' : 'enrolled'}`);
    await this.events.publish('security.identity', view(row));
  }

  #exclusively<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.transactions.exclusively(TURN, work);
  }

  #authority(): Authority {
    if (this.issuer) return this.issuer;
    throw new L45Error(
      'NO_AUTHORITY',
      'identities are not issued here: set L45_NATS_AUTHORITY of the security service',
    );
  }
}

const view = ({ host, role, enrolledAt, revokedAt }: IdentityRow): Identity => ({
  host,
  role,
  ...(enrolledAt && { enrolledAt: enrolledAt.toISOString() }),
  ...(revokedAt && { revokedAt: revokedAt.toISOString() }),
});
