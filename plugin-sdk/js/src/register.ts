// `node --import @daybook/sdk/register --test`: Node runs the author's TypeScript as it stands.

import { register } from 'node:module';

process.setSourceMapsEnabled(true);
register('./hooks.js', import.meta.url);
