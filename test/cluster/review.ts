// SPDX-License-Identifier: Apache-2.0
//
// Says which agent the pod of a token is, or why not: as the security service is told, in a
// process of its own, since authorities to trust (NODE_EXTRA_CA_CERTS) are read at its start.
import 'reflect-metadata';
import { loadConfig } from '@l45/bus';
import { IdentitiesConfig } from '../../apps/security/src/identities/identities.config.js';
import { KubernetesGateway } from '../../apps/security/src/identities/kubernetes.gateway.js';

const gateway = new KubernetesGateway(loadConfig(IdentitiesConfig));
const said = await gateway.agentOf(process.argv[2] ?? '').then(
  ({ role, host }) => `${role} ${host}`,
  (error: Error) => error.message,
);
process.stdout.write(said);
