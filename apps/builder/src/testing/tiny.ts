// SPDX-License-Identifier: Apache-2.0
import type { AddCustomizationRequest } from '@l45/contracts';

/** A customization that passes everything, in about as few lines as one can have. */
export const tiny = (name: string, line = ''): AddCustomizationRequest => ({
  manifest: `
name: ${name}
version: 1.0.0
summary: Does nothing.
protocol: [udp]
roles: [client]
parameters: { type: object, additionalProperties: false, properties: {} }
wire: { signature: none, adds: 0 }
source: [${name}.c]
inverse: []
`,
  files: {
    [`${name}.c`]: `// SPDX-License-Identifier: GPL-2.0-only
#include <l45/customization.h>

static enum l45_verdict pass(const struct l45_flow *flow, void *state, struct l45_step *step)
{
	${line}
	return L45_PASS;
}

static struct l45_ops ops = {
	.abi = L45_ABI,
	.flags = L45_DATAGRAM,
	.name = "${name}",
	.version = "1.0.0",
	.egress = pass,
	.ingress = pass,
};

L45_CUSTOMIZATION(ops, "Does nothing");
`,
  },
});
