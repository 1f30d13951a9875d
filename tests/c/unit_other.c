/* The other of the two units, see unit_main.c. */
#include "program.h"

rocketmq_status send_from_the_other_unit(rocketmq_producer *producer);

rocketmq_status send_from_the_other_unit(rocketmq_producer *producer)
{
    return send_sync(producer, "TwoUnits", "from the other unit");
}
