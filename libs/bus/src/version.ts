// SPDX-License-Identifier: Apache-2.0
import pkg from '../../../package.json' with { type: 'json' };

/** Version of the product, which all of its services have. */
export const VERSION: string = pkg.version;
