/**
 * The machine: what compiled code imports (`coldframe/machine`, the names with `$`), and what snapshot and engine
 * build upon. `docs/abi.md` explains it.
 */
export { follow, listen, type SignalListener, signalState } from "./abort-signals.ts";
export { $asyncGenerator, $yield, $yielded, asker } from "./async-generator.ts";
export { Bound, createBound, restoreBound } from "./bound.ts";
export {
  $brand,
  $class,
  $classOf,
  $private,
  brandsOf,
  brandWith,
  type ClassValue,
  classOf,
  constructBase,
  type MemberValue,
  memberFunction,
  memberOf,
  type PrivateName,
} from "./classes.ts";
export { $closure, isStamped, runOf, type StampValue, stamp, stampOf } from "./closure.ts";
export {
  Cursor,
  type CursorFamily,
  type CursorMode,
  createCursor,
  cursorPrototypes,
} from "./cursors.ts";
export { $delegate, $delegateAsync, Delegation, type DelegationPhase } from "./delegate.ts";
export { $code, $record } from "./descriptor.ts";
export { $using, Disposal, type Disposing, type Resource } from "./disposal.ts";
export {
  Adopt,
  type Callable,
  Constant,
  Durable,
  type Effect,
  Element,
  Finally,
  FULFILLED,
  Generating,
  GeneratorQueue,
  Group,
  type Handler,
  Mirror,
  NativeReaction,
  PENDING,
  REJECTED,
  type Reaction,
  Request,
  Resolvers,
  type ResumeMode,
  type State,
  StepWait,
  Then,
  ThenableJob,
  Unwrap,
  type Wait,
} from "./durable.ts";
export { $park, $return, $suspend, $throw } from "./end.ts";
export { $step, $stepMethod, $stepOver, deliver, external, type Outcome, start } from "./external.ts";
export { $Array } from "./from-async.ts";
export {
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
  codeOfNext,
  createGenerator,
  generatorFunctionOf,
  generatorNext,
  generatorTask,
  isGeneratorNext,
  isPristine,
  nextOfCode,
  prototypeChanges,
  strayTask,
} from "./generator.ts";
export { $iterate, $keys, Iteration, type IterationKind } from "./iterate.ts";
export { $iterateAsync, AsyncIteration } from "./iterate-async.ts";
export {
  createHelper,
  giveHelpers as $helpers,
  type HelperKind,
  IteratorHelper,
  type IteratorRecord,
  iteratorHelperPrototype,
} from "./iterator-helpers.ts";
export { helpersFor, openCode, registeringIn } from "./kept.ts";
export { drain } from "./loop.ts";
export { $link, $mapped, isMapped, linkAgain, type Mapping, mappingOf } from "./mapped-arguments.ts";
export { createMatches, Matches, matchesPrototype } from "./matches.ts";
export { $callee, $chain, $method, invoke as $apply, invoke, makers } from "./native-state.ts";
export { closureAt, placeOf } from "./places.ts";
export { $Promise } from "./promise.ts";
export {
  $module,
  bindingOf,
  codeOf,
  currentName,
  inCode,
  isConstructorFunction,
  isOurs,
  type Loaded,
  loaded,
  loading,
  nameOf,
  recordOf,
  registerCode,
  registerRecord,
  registry,
  registry as $registry,
  type Step,
  thisCopy,
} from "./registry.ts";
export { freeRun, type Host, inRun, machine as $machine, machine, type Observer, Run } from "./run.ts";
export { $const, $receiver, $tdz } from "./scope.ts";
export { install } from "./script.ts";
export { enqueue, reject, resolve, settle, subscribe } from "./settle.ts";
export { markTraced } from "./stack.ts";
export { $AsyncDisposableStack, $DisposableStack, asyncStackReach, syncStackReach } from "./stacks.ts";
export { $super, $superGet, $superMethod, $superSloppy } from "./super.ts";
export { $superCall, type Construction, superCallCode } from "./super-call.ts";
export { $SuppressedError } from "./suppressed-error.ts";
export { $await, $begin, $end, $enter, $to } from "./task.ts";
export { $strings } from "./templates.ts";
export {
  $clearTimeout as $clearInterval,
  $clearTimeout,
  $delay,
  $setInterval,
  $setTimeout,
  Timer,
} from "./timers.ts";
export { $async, $coercible, $copy, $define, $entry, $key, $name, $TDZ, $without } from "./values.ts";
export { WaitTable } from "./wait-table.ts";
