import { registerInlineFunctions } from './register-hooks.js';

registerInlineFunctions();
