// SPDX-License-Identifier: Apache-2.0
/// The controllers that make a Kubernetes API a Kubernetes.
///
/// May be imported by: `server` only.
@NullMarked
package dev.havn.controllers;

import org.jspecify.annotations.NullMarked;
