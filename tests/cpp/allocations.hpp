// The memory of the tests, of which one allocation can be made to fail.
#pragma once

namespace tbrnn {

extern thread_local long allowed_allocations;  // before one fails; negative: none does

}
