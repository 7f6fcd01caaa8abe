// SPDX-License-Identifier: Apache-2.0
/// Custom resources: what a CustomResourceDefinition makes of JSON. Start reading at
/// `CustomResource`, which is made by `Definition`.
///
/// A custom object is checked in steps: its shape is fitted (`Pruning`), what is absent is filled
/// in (`Defaulting`), and then it is validated against the schema (`SchemaCheck`), the promises of
/// its lists (`ListCheck`) and its rules.
///
/// May be imported by: everything that knows `dev.havn.schema`.
@NullMarked
package dev.havn.schema.custom;

import org.jspecify.annotations.NullMarked;
