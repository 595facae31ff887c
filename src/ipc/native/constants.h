// SPDX-License-Identifier: Apache-2.0
// The named values of the control ABI, grouped by the member they belong to.
#pragma once

#include <cstddef>
#include <cstdint>

struct Constant {
	const char *group;
	const char *name;
	int64_t value;
};

extern const Constant constants[];
extern const size_t constant_count;
