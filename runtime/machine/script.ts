/**
 * What classic scripts find on `globalThis`, since they cannot import: the helpers. Compiled scripts look for them in the
 * registry when they are evaluated.
 */
import { $asyncGenerator, $yield, $yielded } from "./async-generator.ts";
import { $brand, $class, $classOf, $private } from "./classes.ts";
import { $delegate, $delegateAsync } from "./delegate.ts";
import { $code, $record } from "./descriptor.ts";
import { $using } from "./disposal.ts";
import { $park, $return, $suspend, $throw } from "./end.ts";
import { $step, $stepMethod, $stepOver } from "./external.ts";
import { $Array } from "./from-async.ts";
import {
  $fail,
  $generated,
  $generator,
  $generatorAsync,
  $generatorCode,
  $generatorFunction,
  $methodKind,
  $next,
  $pass,
  $privateKind,
  $ready,
  $resume,
} from "./generator.ts";
import { $iterate, $keys } from "./iterate.ts";
import { $iterateAsync } from "./iterate-async.ts";
import { giveHelpers } from "./iterator-helpers.ts";
import { $link, $mapped } from "./mapped-arguments.ts";
import { $callee, $chain, $method, invoke } from "./native-state.ts";
import { $Promise } from "./promise.ts";
import { $module, registry, registryKey } from "./registry.ts";
import { machine } from "./run.ts";
import { $const, $receiver, $tdz } from "./scope.ts";
import { $AsyncDisposableStack, $DisposableStack } from "./stacks.ts";
import { $super, $superGet, $superMethod, $superSloppy } from "./super.ts";
import { $superCall } from "./super-call.ts";
import { $SuppressedError } from "./suppressed-error.ts";
import { $await, $begin, $end, $enter, $to } from "./task.ts";
import { $strings } from "./templates.ts";
import { $clearTimeout, $setInterval, $setTimeout } from "./timers.ts";
import { $async, $coercible, $copy, $define, $entry, $key, $name, $TDZ, $without } from "./values.ts";

const helpers = {
  $apply: invoke,
  $Array,
  $async,
  $asyncGenerator,
  $AsyncDisposableStack,
  $await,
  $begin,
  $brand,
  $callee,
  $chain,
  $class,
  $classOf,
  $code,
  $clearInterval: $clearTimeout,
  $clearTimeout,
  $coercible,
  $const,
  $copy,
  $define,
  $delegate,
  $delegateAsync,
  $DisposableStack,
  $end,
  $enter,
  $entry,
  $fail,
  $generated,
  $generator,
  $generatorAsync,
  $generatorCode,
  $generatorFunction,
  $helpers: giveHelpers,
  $iterate,
  $iterateAsync,
  $key,
  $keys,
  $link,
  $machine: machine,
  $mapped,
  $method,
  $methodKind,
  $privateKind,
  $module,
  $name,
  $next,
  $park,
  $pass,
  $private,
  $Promise,
  $ready,
  $receiver,
  $record,
  $registry: registry,
  $resume,
  $return,
  $setInterval,
  $setTimeout,
  $step,
  $stepMethod,
  $stepOver,
  $strings,
  $super,
  $superCall,
  $superGet,
  $superMethod,
  $superSloppy,
  $suspend,
  $SuppressedError,
  $TDZ,
  $tdz,
  $throw,
  $to,
  $using,
  $without,
  $yield,
  $yielded,
};

registry.helpers ??= helpers;

/**
 * Gives the machine to another realm, so that compiled scripts can be evaluated there: `install(vm.runInContext("globalThis", context))`.
 * Promises and async functions of such scripts are of the realm of the machine.
 */
export function install(global: object): void {
  Object.defineProperty(global, registryKey, { value: registry, writable: true, configurable: true });
}
