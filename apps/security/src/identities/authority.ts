// SPDX-License-Identifier: Apache-2.0
import { BUS_ROLES, type BusRole, permissionsOf } from '@l45/contracts';
import {
  decode,
  encodeAccount,
  encodeOperator,
  encodeUser,
  newScopedSigner,
  type User,
  type UserPermissionsLimits,
} from '@nats-io/jwt';
import { createAccount, createOperator, createUser, fromSeed, type KeyPair } from '@nats-io/nkeys';

/** Seeds (NATS nkeys) of all that signs identities; roles that came later are added. */
export interface AuthoritySeeds {
  operator: string;
  account: string;
  system: string;
  roles: Partial<Record<BusRole, string>>;
}

const UNLIMITED = {
  ...{ subs: -1, data: -1, payload: -1, conn: -1, leaf: -1 },
  ...{ imports: -1, exports: -1, wildcards: true },
};
const JETSTREAM = { mem_storage: -1, disk_storage: -1, streams: -1, consumer: -1 };

/** Public key of a revoked user → since when, in seconds of Unix time. */
export type Revocations = Record<string, number>;

export interface IssuedUser {
  role: BusRole;
  name: string;
  jti: string;
  tags: string[];
  /** Seconds of Unix time. */
  exp?: number;
}

/**
 * Issues identities: an operator, whom NATS servers trust, one account, and for every role a key
 * whose users may do what the account says of the role. So permissions change with the account
 * alone, and nobody has to enrol again.
 */
export class Authority {
  readonly #operator: KeyPair;
  readonly #account: KeyPair;
  readonly #system: KeyPair;
  readonly #roles: Map<BusRole, KeyPair>;
  /** Public key → role. Telling it from the seed takes milliseconds. */
  readonly #issuers: Map<string, BusRole>;

  constructor({ operator, account, system, roles }: AuthoritySeeds) {
    this.#operator = keyPair(operator);
    this.#account = keyPair(account);
    this.#system = keyPair(system);
    this.#roles = new Map(
      BUS_ROLES.flatMap((role) => (roles[role] ? [[role, keyPair(roles[role])]] : [])),
    );
    this.#issuers = new Map([...this.#roles].map(([role, key]) => [key.getPublicKey(), role]));
  }

  /** New seeds; of those that there are, all are kept. */
  static seeds(known?: AuthoritySeeds): AuthoritySeeds {
    const roles = BUS_ROLES.map((role) => [role, known?.roles[role] ?? seed(createAccount())]);
    return {
      operator: known?.operator ?? seed(createOperator()),
      account: known?.account ?? seed(createAccount()),
      system: known?.system ?? seed(createAccount()),
      roles: Object.fromEntries(roles),
    };
  }

  /** What a NATS server has to know, as a part of its configuration. */
  async serverConfig(): Promise<string> {
    const system = this.#system.getPublicKey();
    const options = { signer: this.#operator };
    const operator = await encodeOperator('layer45', this.#operator, { system_account: system });
    const accounts = {
      [this.#account.getPublicKey()]: await this.accountJwt({}),
      [system]: await encodeAccount('system', this.#system, { limits: UNLIMITED }, options),
    };
    return [
      `operator: ${operator}`,
      `system_account: ${system}`,
      'resolver_preload {',
      ...Object.entries(accounts).map(([key, jwt]) => `  ${key}: ${jwt}`),
      '}',
      '',
    ].join('\n');
  }

  /** The account of all: what each role may do, and who is revoked. */
  accountJwt(revocations: Revocations): Promise<string> {
    const signing_keys = [...this.#issuers].map(([key, role]) =>
      newScopedSigner(key, role, limitsOf(role)),
    );
    const account = { limits: { ...UNLIMITED, ...JETSTREAM }, signing_keys, revocations };
    return encodeAccount('layer45', this.#account, account, { signer: this.#operator });
  }

  /** Who has the private key is this user. */
  userJwt(
    role: BusRole,
    name: string,
    publicKey: string,
    { exp, tags }: { exp?: number; tags?: string[] } = {},
  ): Promise<string> {
    const issuer_account = this.#account.getPublicKey();
    const user = { issuer_account, ...(tags && { tags }) } as Partial<User>;
    const options = { scopedUser: true, ...(exp && { exp }) };
    return encodeUser(name, publicKey, this.#signerOf(role), user, options);
  }

  /** A user who tells servers about accounts. */
  async systemUser(): Promise<{ jwt: string; seed: Uint8Array }> {
    const user = createUser();
    return { jwt: await encodeUser('security', user, this.#system), seed: user.getSeed() };
  }

  /** Whom a JWT of ours is for; undefined if it isn't ours. */
  read(jwt: string): IssuedUser | undefined {
    try {
      const { iss, name, jti, exp, nats } = decode<User>(jwt);
      const role = this.#issuers.get(iss);
      return role && { role, name, jti, tags: nats.tags ?? [], exp };
    } catch {
      return undefined;
    }
  }

  #signerOf(role: BusRole): KeyPair {
    const key = this.#roles.get(role);
    if (!key) throw new Error(`the authority has no key for ${role}: make its identities again`);
    return key;
  }
}

const encoder = new TextEncoder();
const keyPair = (text: string): KeyPair => fromSeed(encoder.encode(text));
const seed = (key: KeyPair): string => Buffer.from(key.getSeed()).toString();

function limitsOf(role: BusRole): Partial<UserPermissionsLimits> {
  const { publish, subscribe, responses } = permissionsOf(role);
  return {
    pub: publish,
    sub: subscribe,
    ...(responses && { resp: { max: 1, ttl: 0 } }),
    // An invitation is a token, which has no key.
    bearer_token: role === 'newcomer',
  };
}
