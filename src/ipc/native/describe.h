// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

// describe(): the control ABI as plain objects: {structs, constants, messages, errors}. Used to generate
// TypeScript, never by a command.
Napi::Value describe(const Napi::CallbackInfo &info);
