// SPDX-License-Identifier: Apache-2.0
package dev.havn.apiserver.resource;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.havn.reconcile.VirtualTime;
import dev.havn.store.Cursor;
import dev.havn.store.LogStore;
import dev.havn.store.Outcome;
import dev.havn.store.Store;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DerivedTest {
  private final VirtualTime time = new VirtualTime(Instant.parse("2026-01-01T00:00:00Z"));
  private final LogStore store = LogStore.inMemory(time, time);

  /// Cursors that nobody has closed.
  private final Set<Object> open = new HashSet<>();

  private int makings;
  private boolean fails;
  private final Derived<Long> derived = new Derived<>(watched(), "/a/", this::count);

  @AfterEach
  void close() {
    store.close();
  }

  private Store watched() {
    return (Store)
        Proxy.newProxyInstance(
            DerivedTest.class.getClassLoader(),
            new Class<?>[] {Store.class},
            (_, method, arguments) -> {
              Object answer = call(store, method, arguments);
              return answer instanceof Cursor cursor ? noted(cursor) : answer;
            });
  }

  private Cursor noted(Cursor cursor) {
    open.add(cursor);
    return (Cursor)
        Proxy.newProxyInstance(
            DerivedTest.class.getClassLoader(),
            new Class<?>[] {Cursor.class},
            (_, method, arguments) -> {
              if (method.getName().equals("close")) {
                open.remove(cursor);
              }
              return call(cursor, method, arguments);
            });
  }

  private static Object call(Object target, Method method, Object[] arguments) throws Throwable {
    try {
      return method.invoke(target, arguments);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    }
  }

  private long count() {
    makings++;
    if (fails) {
      throw new IllegalStateException("an object cannot be read");
    }
    return store.count("/a/");
  }

  private void put(String key) {
    assertThat(store.put(key, new byte[] {1}, Store.ANY, null)).isInstanceOf(Outcome.Done.class);
  }

  @Test
  void itIsMadeAnewAfterAChangeBelowThePrefixOnly() {
    assertThat(derived.now()).isZero();
    put("/b/1");
    assertThat(derived.now()).isZero();
    assertThat(makings).isEqualTo(1);
    put("/a/1");
    assertThat(derived.now()).isEqualTo(1);
    assertThat(derived.now()).isEqualTo(1);
    assertThat(makings).isEqualTo(2);
    assertThat(open).hasSize(1);
  }

  @Test
  void whereItCannotBeMadeNothingOlderPassesForItAndNoCursorStays() {
    assertThat(derived.now()).isZero();
    put("/a/1");
    fails = true;
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(derived::now).hasMessage("an object cannot be read");
    }
    assertThat(open).hasSize(1);
    fails = false;
    assertThat(derived.now()).isEqualTo(1);
    assertThat(open).hasSize(1);
  }
}
