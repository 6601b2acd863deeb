import { describe, expect, it } from 'vitest';
import { leanCode } from './lean-code.js';

describe('leanCode', () => {
  it.each([
    [`function a() {}\n__name(a, "a");`, `function a() {}\n `],
    [`var a = /* @__PURE__ */ __name(() => 1, "a");`, `var a = /* @__PURE__ */ () => 1 ;`],
    [`x = { a: __name(function() {}, "a") };`, `x = { a: function() {} };`],
    [`var A = class _A { static { __name(this, "_A"); } };`, `var A = class _A { };`],
    [`var A = class { static { __name(this, "A"); } };`, `var A = class { };`],
  ])('removes the name that a function has anyway, and moves nothing: %s', (code, lean) => {
    expect(leanCode(code).replace(/ +/g, ' ')).toBe(lean);
    expect(leanCode(code)).toHaveLength(code.length);
  });

  it.each([
    `function a2() {}\n__name(a2, "a");`,
    `var a2 = __name(() => 1, "a");`,
    `var A = class _A { static { __name(this, "A"); } };`,
    `use(__name(() => 1, "a"));`,
    `({ [a]: __name(() => 1, "a") });`,
  ])('keeps a name that esbuild has changed, or that the place does not give: %s', (code) => {
    expect(leanCode(code)).toBe(code);
  });

  it('lets the start script do what import() loads', () => {
    expect(leanCode(`import('./a.js')`)).toBe(`__flame.load('./a.js')`);
  });
});
