int helper(void)
{
    return 21;
}
