// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

import dev.cel.runtime.CelFunctionBinding;
import dev.cel.runtime.CelFunctionOverload;
import dev.havn.schema.expression.Rights.Answer;
import dev.havn.schema.expression.Rights.Asking;
import dev.havn.schema.expression.Rights.Question;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;

/// What the functions of `library.yaml` do that ask for rights.
final class RightsFunctions {
  private static final String CHECK = "kubernetes.authorization.ResourceCheck";
  private static final String ASKER = "kubernetes.authorization.Authorizer";
  private static final String GROUP = "kubernetes.authorization.GroupCheck";
  private static final String PATH = "kubernetes.authorization.PathCheck";
  private static final String DECISION = "kubernetes.authorization.Decision";

  private final List<CelFunctionBinding> bindings = new ArrayList<>();

  private RightsFunctions() {}

  static List<CelFunctionBinding> all() {
    RightsFunctions functions = new RightsFunctions();
    functions.rights();
    return functions.bindings;
  }

  <T> void one(String text, Class<T> type, CelFunctionOverload.Unary<T> function) {
    bindings.add(CelFunctionBinding.from("kubernetes " + text, type, function));
  }

  <A, B> void two(
      String text, Class<A> first, Class<B> second, CelFunctionOverload.Binary<A, B> function) {
    bindings.add(CelFunctionBinding.from("kubernetes " + text, first, second, function));
  }

  void three(String text, List<Class<?>> types, CelFunctionOverload function) {
    bindings.add(CelFunctionBinding.from("kubernetes " + text, types, function));
  }

  @SuppressWarnings("Immutable") // steps are references to methods of records
  private void step(String text, BiFunction<Question, String, Question> step) {
    two(
        text,
        Asking.class,
        String.class,
        (asking, word) -> asking.with(step.apply(asking.question(), word)));
  }

  private void rights() {
    step(ASKER + ".path(string) " + PATH, Question::at);
    step(ASKER + ".group(string) " + GROUP, Question::in);
    three(
        ASKER + ".serviceAccount(string,string) " + ASKER,
        List.of(Asking.class, String.class, String.class),
        given -> {
          Asking asking = (Asking) given[0];
          return asking.with(asking.question().of(given[1] + ":" + given[2]));
        });
    step(GROUP + ".resource(string) " + CHECK, Question::about);
    step(CHECK + ".subresource(string) " + CHECK, Question::below);
    step(CHECK + ".namespace(string) " + CHECK, Question::inside);
    step(CHECK + ".name(string) " + CHECK, Question::named);
    step(CHECK + ".fieldSelector(string) " + CHECK, (question, _) -> question);
    step(CHECK + ".labelSelector(string) " + CHECK, (question, _) -> question);
    for (String each : List.of(CHECK, PATH)) {
      two(each + ".check(string) " + DECISION, Asking.class, String.class, Asking::check);
    }
    one(DECISION + ".errored() bool", Answer.class, _ -> false);
    one(DECISION + ".error() string", Answer.class, _ -> "");
    one(DECISION + ".allowed() bool", Answer.class, Answer::allowed);
    one(DECISION + ".reason() string", Answer.class, Answer::reason);
  }
}
