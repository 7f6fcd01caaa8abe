// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver;

import dev.havn.apiserver.authentication.UserInfo;
import dev.havn.apiserver.authorization.Attributes;
import dev.havn.apiserver.authorization.Authorizer;
import dev.havn.apiserver.http.Headers;
import dev.havn.apiserver.http.Request;
import dev.havn.apiserver.resource.ApiException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Acting as somebody else, by the `Impersonate-*` headers; each attribute asked for needs its own
/// right.
final class Impersonation {
  private static final String EXTRA = "impersonate-extra-";
  private static final String ACCOUNT = "system:serviceaccount:";
  private static final String AUTHENTICATION = "authentication.k8s.io";

  private final Authorizer authorizer;

  Impersonation(Authorizer authorizer) {
    this.authorizer = authorizer;
  }

  /// Who the request acts as: its user, unless it asks for another.
  UserInfo acting(Request request, UserInfo user) {
    Headers headers = request.headers();
    @Nullable String name = headers.first("impersonate-user");
    @Nullable String uid = headers.first("impersonate-uid");
    List<String> groups = headers.all("impersonate-group");
    Map<String, List<String>> extra = extra(headers);
    if (name == null || name.isEmpty()) {
      if (uid != null || !groups.isEmpty() || !extra.isEmpty()) {
        throw ApiException.badRequest(
            "requested %s without impersonating a user name".formatted(words(uid, groups, extra)));
      }
      return user;
    }
    mayActAs(user, name);
    groups.forEach(group -> require(user, "", "groups", "", "", group));
    extra.forEach(
        (key, values) ->
            values.forEach(value -> require(user, AUTHENTICATION, "userextras", key, "", value)));
    if (uid != null) {
      require(user, AUTHENTICATION, "uids", "", "", uid);
    }
    return new UserInfo(name, uid == null ? "" : uid, all(name, groups), extra);
  }

  private void mayActAs(UserInfo user, String name) {
    String[] parts = name.split(":", -1);
    if (name.startsWith(ACCOUNT) && parts.length == 4) {
      require(user, "", "serviceaccounts", "", parts[2], parts[3]);
    } else {
      require(user, "", "users", "", "", name);
    }
  }

  /// The groups asked for, and those that everybody of that name is in.
  private static List<String> all(String name, List<String> asked) {
    List<String> groups = new ArrayList<>(asked);
    String[] parts = name.split(":", -1);
    if (name.startsWith(ACCOUNT) && parts.length == 4 && asked.isEmpty()) {
      groups.add("system:serviceaccounts");
      groups.add("system:serviceaccounts:" + parts[2]);
    }
    boolean anonymous = name.equals(UserInfo.ANONYMOUS.name());
    String last = anonymous ? "system:unauthenticated" : UserInfo.AUTHENTICATED;
    if (!groups.contains(last)) {
      groups.add(last);
    }
    return groups;
  }

  private static Map<String, List<String>> extra(Headers headers) {
    Map<String, List<String>> extra = new TreeMap<>();
    headers
        .asMap()
        .forEach(
            (header, values) -> {
              if (header.startsWith(EXTRA)) {
                extra.put(
                    unescaped(header.substring(EXTRA.length())).toLowerCase(Locale.ROOT),
                    List.copyOf(values));
              }
            });
    return extra;
  }

  /// What is no percent-encoding stands for itself.
  private static String unescaped(String key) {
    try {
      return URLDecoder.decode(key.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException notEncoded) {
      return key;
    }
  }

  private void require(
      UserInfo user,
      String group,
      String resource,
      String subresource,
      String namespace,
      String name) {
    Attributes wish =
        new Attributes(user, "impersonate", group, resource, subresource, namespace, name, "");
    if (!authorizer.allows(wish)) {
      String combined = subresource.isEmpty() ? resource : resource + "/" + subresource;
      throw ApiException.forbidden(group, combined, name, wish.refusal());
    }
  }

  /// The user asked for, as Go prints one.
  private static String words(
      @Nullable String uid, List<String> groups, Map<String, List<String>> extra) {
    StringBuilder extras = new StringBuilder();
    extra.forEach(
        (key, values) ->
            extras
                .append(extras.isEmpty() ? "" : ", ")
                .append("\"%s\":%s".formatted(key, list(values))));
    return "&user.DefaultInfo{Name:\"\", UID:\"%s\", Groups:[]string%s, Extra:map[string][]string%s}"
        .formatted(
            uid == null ? "" : uid,
            groups.isEmpty() ? "(nil)" : list(groups).replace("[]string", ""),
            extra.isEmpty() ? "(nil)" : "{" + extras + "}");
  }

  private static String list(List<String> values) {
    return "[]string{\"" + String.join("\", \"", values) + "\"}";
  }
}
