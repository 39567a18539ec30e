// SPDX-License-Identifier: Apache-2.0
import { BusClient } from '@l45/bus';
import {
  type AgentChallengeReply,
  challengeMac,
  type ChallengeResult,
  ENDPOINTS,
  instanceKey,
  L45Error,
  type Outcome,
} from '@l45/contracts';
import { Injectable } from '@nestjs/common';
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Baselines } from './baselines.js';
import { HostKeys } from './host-keys.js';
import { Hosts, type Subject } from './hosts.js';

/** An agent that restarts is asked again this soon. */
const RETRY_MS = 250;

interface Verdict {
  outcome: Outcome;
  message?: string;
}

/** Challenges one instance. */
@Injectable()
export class Challenger {
  constructor(
    private readonly client: BusClient,
    private readonly hosts: Hosts,
    private readonly keys: HostKeys,
    private readonly baselines: Baselines,
  ) {}

  /** Asks until there is an answer or the window is over. */
  async challenge(subject: Subject, windowMs: number): Promise<ChallengeResult> {
    const started = performance.now();
    const at = new Date().toISOString();
    const { outcome, message } = await this.#verdict(subject, Date.now() + windowMs);
    const ms = Math.round(performance.now() - started);
    return { ...subject, outcome, ...(message && { message }), ms, at };
  }

  async #verdict(subject: Subject, end: number): Promise<Verdict> {
    for (;;) {
      try {
        return await this.#ask(subject, end);
      } catch (error) {
        if (!(error instanceof L45Error)) throw error;
        if (Date.now() + RETRY_MS >= end) return unanswered(error);
      }
      await delay(RETRY_MS);
    }
  }

  async #ask({ host, instance }: Subject, end: number): Promise<Verdict> {
    const left = () => Math.max(end - Date.now(), 1);
    const question = { instance, nonce: randomBytes(32).toString('hex') };
    const ask = () =>
      this.client.request(ENDPOINTS.agent.challenge, question, { host, timeoutMs: left() });
    const answer = await ask().catch(async (error: unknown) => {
      if (!(error instanceof L45Error && error.name === 'NO_KEY')) throw error;
      await this.keys.deliver(host, left());
      return ask();
    });
    const bootId = this.hosts.bootIdOf(host);
    if (answer.bootId !== bootId)
      throw new L45Error('CONFLICT', `${host} answers for boot ${answer.bootId}, not ${bootId}`);
    return this.#judge({ ...answer, host }, question);
  }

  async #judge(
    answer: AgentChallengeReply,
    question: { instance: string; nonce: string },
  ): Promise<Verdict> {
    const { host, bootId, mac } = answer;
    const key = instanceKey(this.keys.of(host, bootId), question.instance);
    if (!equal(challengeMac(key, { ...answer, ...question }), Buffer.from(mac, 'hex')))
      return {
        outcome: 'wrong-mac',
        message: `${host} answered with another key, or for another nonce: somebody else answers, or changed the key in its kernel; look at the host before you deploy to it again`,
      };
    if ((await this.baselines.of(answer)) === answer.measurement) return { outcome: 'passed' };
    return {
      outcome: 'tampered',
      message: `the code of the core or of the customization in the memory of ${host} is another than when it was loaded: reboot the host, and find out who changed it (kprobes and ftrace on these modules count as change)`,
    };
  }
}

const equal = (a: Buffer, b: Buffer): boolean => a.length === b.length && timingSafeEqual(a, b);

const unanswered = ({ name, message }: L45Error): Verdict => ({
  outcome: name === 'TIMEOUT' || name === 'UNAVAILABLE' ? 'silent' : 'refused',
  message,
});
