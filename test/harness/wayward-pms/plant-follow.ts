/** Planted fault, loaded before the gateway: redirects are followed, to whatever host they name. Test only. */
import { Agent, type Dispatcher, interceptors } from 'undici';

const { dispatch } = Agent.prototype;
const following = interceptors.redirect({ maxRedirections: 3 });

Agent.prototype.dispatch = function (this: Agent, options, handler) {
  const plain: Dispatcher['dispatch'] = (...given) => dispatch.apply(this, given);
  return following(plain)(options, handler);
};
