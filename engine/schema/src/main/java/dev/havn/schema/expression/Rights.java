// SPDX-License-Identifier: Apache-2.0
package dev.havn.schema.expression;

/// Whom expressions ask for rights: the value of the variable `authorizer`.
@FunctionalInterface
public interface Rights {
  /// Decides about what an expression has put together.
  Answer decide(Question question);

  /// What is asked.
  ///
  /// @param account `namespace:name` of a service account, or empty for who made the request
  /// @param path of what is no resource, else empty
  record Question(
      String account,
      String path,
      String verb,
      String group,
      String resource,
      String subresource,
      String namespace,
      String name) {

    static final Question NOTHING = new Question("", "", "", "", "", "", "", "");

    Question of(String newAccount) {
      return new Question(newAccount, path, verb, group, resource, subresource, namespace, name);
    }

    Question at(String newPath) {
      return new Question(account, newPath, verb, group, resource, subresource, namespace, name);
    }

    Question to(String newVerb) {
      return new Question(account, path, newVerb, group, resource, subresource, namespace, name);
    }

    Question in(String newGroup) {
      return new Question(account, path, verb, newGroup, resource, subresource, namespace, name);
    }

    Question about(String newResource) {
      return new Question(account, path, verb, group, newResource, subresource, namespace, name);
    }

    Question below(String newSubresource) {
      return new Question(account, path, verb, group, resource, newSubresource, namespace, name);
    }

    Question inside(String newNamespace) {
      return new Question(account, path, verb, group, resource, subresource, newNamespace, name);
    }

    Question named(String newName) {
      return new Question(account, path, verb, group, resource, subresource, namespace, newName);
    }
  }

  /// @param reason why, or empty
  record Answer(boolean allowed, String reason) {}

  /// A question that is being put together, with whom to ask: what the variables hold.
  record Asking(Rights rights, Question question) {
    /// The value of `authorizer`.
    public static Asking of(Rights rights) {
      return new Asking(rights, Question.NOTHING);
    }

    /// The value of `authorizer.requestResource`.
    public static Asking of(
        Rights rights,
        String group,
        String resource,
        String subresource,
        String namespace,
        String name) {
      return new Asking(
          rights, new Question("", "", "", group, resource, subresource, namespace, name));
    }

    Answer check(String verb) {
      return rights.decide(question.to(verb));
    }

    Asking with(Question other) {
      return new Asking(rights, other);
    }
  }
}
