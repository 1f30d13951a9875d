/* One of two units that include the header, as C99 and as C++17. */
#include "program.h"

rocketmq_status send_from_the_other_unit(rocketmq_producer *producer);

int main(int argc, char **argv)
{
    rocketmq_producer *producer;
    CHECK(argc == 2);
    producer = started(argv[1]);
    CHECK(send_from_the_other_unit(producer) == ROCKETMQ_OK);
    shut_down(producer);
    rocketmq_producer_destroy(producer);
    return 0;
}
